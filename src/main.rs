//! `atomizer-lsp`: parses the command line and calls one function of `cli/`.
fn main() {}
