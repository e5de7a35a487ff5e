//! `shutdown`

use crate::server::{main_loop::Reply, state::State};

/// Ends conversations and their programs; then `exit` has nothing left to wait for.
pub fn shutdown(state: &mut State, reply: Reply<()>) {
    let managers = state.managers.clone();
    tokio::spawn(async move {
        managers.shutdown().await;
        reply.send(Ok(()));
    });
}
