"""Puts the report of each comparison of the study into the site, made of its kept results."""

from __future__ import annotations

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

from experiments.study.publishing import kept_reports


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """MkDocs calls this with the files that it has found."""
    for name, page in kept_reports():
        files.append(File.generated(config, name, content=page))
    return files
