//! `atomizer-lsp`: parses the command line and calls one function of `cli/`.

use std::process::ExitCode;

/// What is known of a large spec is in hundreds of thousands of small blocks, made and dropped on all processors.
#[cfg(all(target_os = "linux", target_arch = "x86_64", target_env = "gnu"))]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    if let Some(code) = atomizer_lsp::cli::supervise::intercept(std::env::args_os().skip(1)) {
        return code;
    }
    atomizer_lsp::cli::run()
}
