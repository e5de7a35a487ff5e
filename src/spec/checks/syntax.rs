//! JSON syntax.

use super::walk::Out;
use crate::spec::syntax::Parsed;

pub(super) fn syntax_error(parsed: &Parsed, out: &mut Out) {
    for error in parsed.errors() {
        out.report(error.range, String::new(), error.message);
    }
}
