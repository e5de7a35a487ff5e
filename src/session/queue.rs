//! Turns at once: first come, first served, and everyone who waits knows his place.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::watch;

/// Admits at most a limited number of turns.
#[derive(Debug)]
pub struct Queue {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    limit: usize,
    running: usize,
    waiting: VecDeque<Waiter>,
    next: u64,
}

#[derive(Debug)]
struct Waiter {
    number: u64,
    /// Counts from 1; 0: admitted.
    place: watch::Sender<usize>,
}

/// The right to run; given back when dropped.
#[derive(Debug)]
pub struct Permit {
    queue: Arc<Queue>,
}

/// A place in the line; given up when dropped.
#[derive(Debug)]
pub struct Place {
    queue: Arc<Queue>,
    number: u64,
    place: watch::Receiver<usize>,
    /// The place he last heard of.
    told: usize,
    admitted: bool,
}

/// What becomes of one who comes.
#[derive(Debug)]
pub enum Admission {
    /// He may run at once.
    Now(Permit),
    /// He has to wait.
    Later(Place),
}

impl Queue {
    /// A queue that lets `limit` run at once, at least one.
    pub fn new(limit: usize) -> Arc<Self> {
        let state = State {
            limit: limit.max(1),
            running: 0,
            waiting: VecDeque::new(),
            next: 0,
        };
        Arc::new(Self {
            state: Mutex::new(state),
        })
    }

    /// Changes how many may run at once; those that run are left alone.
    pub fn set_limit(&self, limit: usize) {
        let mut state = self.lock();
        state.limit = limit.max(1);
        state.admit();
    }

    /// Asks to run.
    pub fn enter(self: &Arc<Self>) -> Admission {
        let mut state = self.lock();
        if state.running < state.limit && state.waiting.is_empty() {
            state.running += 1;
            return Admission::Now(Permit {
                queue: self.clone(),
            });
        }
        let number = state.next;
        state.next += 1;
        let told = state.waiting.len() + 1;
        let (sender, place) = watch::channel(told);
        state.waiting.push_back(Waiter {
            number,
            place: sender,
        });
        Admission::Later(Place {
            queue: self.clone(),
            number,
            place,
            told,
            admitted: false,
        })
    }

    /// A panic elsewhere leaves the state as it is: it holds nothing half done.
    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn admit(&mut self) {
        while self.running < self.limit
            && let Some(first) = self.waiting.pop_front()
        {
            self.running += 1;
            first.place.send_replace(0);
        }
        for (index, waiter) in self.waiting.iter().enumerate() {
            waiter
                .place
                .send_if_modified(|place| std::mem::replace(place, index + 1) != index + 1);
        }
    }
}

impl Place {
    /// His place now, counted from 1.
    pub fn position(&self) -> usize {
        (*self.place.borrow()).max(1)
    }

    /// Waits until he moves up: `Ok` when he may run, else his new place. Safe to drop and call again until `Ok`.
    pub async fn moved(&mut self) -> Result<Permit, usize> {
        loop {
            let place = *self.place.borrow_and_update();
            if place == 0 {
                self.admitted = true;
                return Ok(Permit {
                    queue: self.queue.clone(),
                });
            }
            if place != self.told {
                self.told = place;
                return Err(place);
            }
            // The queue lives as long as this place does, and tells of every change.
            let _ = self.place.changed().await;
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut state = self.queue.lock();
        let waiting = state.waiting.len();
        state.waiting.retain(|waiter| waiter.number != self.number);
        if state.waiting.len() == waiting && !self.admitted {
            // Admitted, but he had already turned away.
            state.running -= 1;
        }
        state.admit();
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut state = self.queue.lock();
        state.running -= 1;
        state.admit();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now(admission: Admission) -> Permit {
        match admission {
            Admission::Now(permit) => permit,
            Admission::Later(place) => panic!("has to wait at {}", place.position()),
        }
    }

    fn later(admission: Admission) -> Place {
        match admission {
            Admission::Now(_) => panic!("may run"),
            Admission::Later(place) => place,
        }
    }

    #[tokio::test]
    async fn the_first_to_come_is_the_first_to_run_and_places_count_from_one() {
        let queue = Queue::new(1);
        let running = now(queue.enter());
        let (mut second, mut third) = (later(queue.enter()), later(queue.enter()));
        assert_eq!((second.position(), third.position()), (1, 2));
        drop(running);
        let running = second.moved().await.expect("his turn");
        assert_eq!(third.moved().await.expect_err("moved up"), 1);
        drop((running, second));
        third.moved().await.expect("his turn");
    }

    #[tokio::test]
    async fn one_who_turns_away_gives_up_his_place() {
        let queue = Queue::new(1);
        let running = now(queue.enter());
        let (second, mut third) = (later(queue.enter()), later(queue.enter()));
        drop(second);
        assert_eq!(third.moved().await.expect_err("moved up"), 1);
        drop(running);
        drop(third);
        now(queue.enter());
    }

    #[tokio::test]
    async fn one_who_turns_away_just_as_he_is_admitted_blocks_nobody() {
        let queue = Queue::new(1);
        let running = now(queue.enter());
        let second = later(queue.enter());
        drop(running);
        drop(second);
        now(queue.enter());
    }

    #[tokio::test]
    async fn a_higher_limit_admits_at_once() {
        let queue = Queue::new(1);
        let _running = now(queue.enter());
        let mut second = later(queue.enter());
        queue.set_limit(2);
        let _permit = second.moved().await.expect("his turn");
        later(queue.enter());
    }
}
