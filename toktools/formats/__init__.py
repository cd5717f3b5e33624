"""Files of the ecosystem, read and written."""
