//! Rope, positions and their encodings, edits.
