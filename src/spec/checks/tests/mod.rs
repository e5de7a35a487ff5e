//! Tests of the checks: every code with what it finds and what it leaves alone, and laws that hold for all.

mod brackets;
mod codes;
mod docs;
mod laws;
mod mending;
mod support;
