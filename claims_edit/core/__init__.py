"""The core: pure functions of a batch of claim lines. No path, thread, file order or state (docs/architecture.md)."""
