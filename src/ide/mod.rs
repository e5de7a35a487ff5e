//! What an editor asks about one document: pure functions over a snapshot.
