//! `atomizer-lsp`: parses the command line and calls one function of `cli/`.

use std::process::ExitCode;

fn main() -> ExitCode {
    if let Some(code) = atomizer_lsp::cli::supervise::intercept(std::env::args_os().skip(1)) {
        return code;
    }
    atomizer_lsp::cli::run()
}
