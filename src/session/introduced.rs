//! The errors that a change brought into a spec, in the words of the contract.

use std::path::Path;

use super::types::Introduced;
use crate::study::{Inspector, Severities};

/// The errors of `after` that `before`, the former text of the spec at `path`, did not have. Reads the files that the
/// spec names: not to be called in the main loop.
pub fn introduced(
    inspector: &Inspector,
    severities: &Severities,
    path: &Path,
    before: Option<&str>,
    after: &str,
) -> Vec<Introduced> {
    let Ok(uri) = url::Url::from_file_path(path) else {
        return Vec::new();
    };
    let findings = inspector.introduced(path, before, after, severities);
    findings
        .into_iter()
        .map(|finding| Introduced {
            uri: uri.to_string(),
            code: finding.code.name().into(),
            message: finding.message,
            pointer: finding.pointer,
        })
        .collect()
}

/// What Claude is told when it shall mend them.
pub fn request_to_fix(introduced: &[Introduced]) -> String {
    let mut request = String::from(
        "Your last change brought errors into the spec. Please fix them, and nothing else:\n",
    );
    for error in introduced {
        request.push_str(&format!(
            "- {} at `{}`: {}\n",
            error.code, error.pointer, error.message
        ));
    }
    request
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_that_were_there_before_are_not_introduced() {
        let before = r#"{"meta": {"version": "2.0", "study_name": "a", "status": "draft"}, "model": {"sim": {"path": 1}},
            "extractors": [{"id": "ext_001", "name": "m", "type": "mass", "outputs": [{"name": "m"}]}]}"#;
        let after = before.replace("\"mass\"", "\"mas\"");
        let path = std::env::temp_dir().join("studies/a/atomizer_spec.json");
        let found = introduced(
            &Inspector::default(),
            &Severities::new(),
            &path,
            Some(before),
            &after,
        );
        let codes: Vec<&str> = found.iter().map(|error| error.code.as_str()).collect();
        assert_eq!(codes, ["invalid-enum"]);
        assert_eq!(found[0].pointer, "/extractors/0/type");
        let new = introduced(
            &Inspector::default(),
            &Severities::new(),
            &path,
            None,
            before,
        );
        assert_eq!(
            new.iter()
                .map(|error| error.code.as_str())
                .collect::<Vec<_>>(),
            ["wrong-type"]
        );
    }
}
