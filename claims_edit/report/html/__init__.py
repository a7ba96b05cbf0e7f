"""The morning report: one self-contained HTML file that opens from disk, prints, and needs no network."""
