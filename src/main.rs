//! `atomizer-lsp`: parses the command line and calls one function of `cli/`.

use std::process::ExitCode;

/// Trees of large specs are hundreds of thousands of small blocks, and about half of the time that opening one takes goes
/// into getting memory from the system: huge pages are fewer to ask for.
#[cfg(all(target_os = "linux", target_arch = "x86_64", target_env = "gnu"))]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    if let Some(code) = atomizer_lsp::cli::supervise::intercept(std::env::args_os().skip(1)) {
        return code;
    }
    atomizer_lsp::cli::run()
}
