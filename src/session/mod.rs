//! Conversations with Claude: manager, store, context, one turn.
