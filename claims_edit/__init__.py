"""claims-edit: a batch claim editor for services that medical policies call investigational."""

__version__ = "0.1.0"
