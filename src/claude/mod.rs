//! The claude program: its arguments, its event stream, its processes.
