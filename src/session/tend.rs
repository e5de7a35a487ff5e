//! What a manager does by itself: ends idle programs, hands conversations over to other servers, forgets idle sessions,
//! cleans the store.

use std::{
    sync::{Arc, Weak},
    time::Duration,
};

use tokio_util::sync::CancellationToken;

use super::{lease, live::Live, manager::SessionManager, mcp::McpConfig};

/// How often programs are looked after; a server that waits for a conversation waits about as long.
const ROUND: Duration = Duration::from_millis(250);

/// How often the store is cleaned; sooner where empty sessions are to go sooner.
const CLEAN_UP: Duration = Duration::from_secs(5 * 60);

/// Runs until the manager closes or is gone.
pub(super) async fn tend(manager: Weak<SessionManager>, closing: CancellationToken) {
    let mut round = tokio::time::interval(ROUND);
    // A machine that slept has nothing to catch up with.
    round.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut since_clean_up = CLEAN_UP;
    while closing.run_until_cancelled(round.tick()).await.is_some() {
        let Some(manager) = manager.upgrade() else {
            return;
        };
        let config = manager.config();
        for live in manager.all_in_memory() {
            end_idle_program(&manager, &live).await;
            if live.idle_for() >= config.session_idle {
                manager.forget_idle(&live).await;
            }
        }
        since_clean_up += ROUND;
        if since_clean_up >= CLEAN_UP.min(config.empty_retention) {
            since_clean_up = Duration::ZERO;
            clean_up(&manager).await;
        }
    }
}

/// Ends a program that was idle for long, or whose conversation another server asks for.
async fn end_idle_program(manager: &Arc<SessionManager>, live: &Live) {
    let Some(mut chair) = live.free_chair() else {
        return;
    };
    let idle = chair.seat.as_ref().is_some_and(|seat| {
        seat.idle_for() >= manager.config().claude.idle || !seat.program.is_running()
    });
    let asked_for = chair.leased && lease::is_asked_for(manager.database(), &live.id);
    if idle || asked_for {
        manager.vacate(&live.id, &mut chair).await;
    }
}

async fn clean_up(manager: &Arc<SessionManager>) {
    give_back_leases(manager).await;
    let config = manager.config();
    let kept: Vec<String> = manager
        .all_in_memory()
        .iter()
        .map(|live| live.id.clone())
        .collect();
    let root = manager.root().clone();
    let cleaned = manager.store(move |store| {
        store.recover()?;
        store.remove_empty(config.empty_retention, &kept)?;
        store.prune_texts(config.keep_snapshots)?;
        // Whoever has such a file has the lease: another server on this root, too. In doubt it stays.
        let in_use = |id: &str| store.is_leased(id).unwrap_or(true);
        if let Err(error) = McpConfig::sweep(&root, in_use) {
            tracing::warn!("cannot remove old MCP configurations: {error}");
        }
        Ok(())
    });
    if let Err(error) = cleaned.await {
        tracing::warn!("cannot clean the store: {error}");
    }
}

/// Gives back leases that stayed when their conversation left memory, because the store could not be written then.
async fn give_back_leases(manager: &Arc<SessionManager>) {
    let leased = manager.store(|store| store.own_leases()).await;
    for id in leased.unwrap_or_default() {
        if manager.in_memory(&id).is_some() {
            continue;
        }
        // Through memory, so that no turn that begins now has its lease taken away.
        if let Ok(live) = manager.find(&id).await {
            if let Some(mut chair) = live.free_chair() {
                chair.leased = true;
            }
            manager.forget_idle(&live).await;
        }
    }
}
