"""Charts as data, drawn twice: to hover and zoom in a browser, and as a still picture for paper."""
