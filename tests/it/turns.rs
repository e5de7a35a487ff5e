//! The turn engine with the scripted stand-in for claude and a host that records: what a client sees of a turn,
//! whatever goes wrong. `docs/reliability.md` names the test of each fault.

mod cancel;
mod documented;
mod faults;
mod keeping;
mod permission;
mod queue;
mod real;
mod resume;
mod rig;
mod specs;
mod storage;
mod supervisor;
mod unasked;
mod words;
