//! `study/*`

use std::path::{Path, PathBuf};

use super::{Context, OperationError};
use crate::{
    server::{
        diagnostics::to_lsp,
        document::{path_of, uri_of},
        ext::{GateResult, NoParams, SpecParams, StudyInfo, Validation},
    },
    spec::{
        checks::{Code, Finding, Severity, gates},
        syntax::Parsed,
    },
    study::{StudyError, StudyId},
    text::Text,
};

type Answer<T> = Result<T, OperationError>;

/// `study/list`, over all roots: open specs as the editor has them.
pub async fn list(context: Context, _: NoParams) -> Answer<Vec<StudyInfo>> {
    blocking(move || {
        let roots = context.managers.roots();
        if roots.is_empty() {
            return Err(context.managers.no_root());
        }
        let mut studies = Vec::new();
        for study in roots
            .iter()
            .filter_map(|root| root.studies().ok())
            .flatten()
        {
            let Some(uri) = uri_of(&study.spec) else {
                continue;
            };
            let (status, errors, warnings) = match checked(&context, &study.spec, None) {
                Ok((parsed, findings)) => {
                    let status = parsed.node_at_pointer("/meta/status");
                    let status =
                        status.and_then(|status| status.as_str().map(|it| it.into_owned()));
                    (
                        status,
                        count(&findings, Severity::Error),
                        count(&findings, Severity::Warning),
                    )
                }
                // Gone this very moment.
                Err(_) => (None, 1, 0),
            };
            let (draft, study_id) = (study.draft, study.id.to_string());
            studies.push(StudyInfo {
                study_id,
                uri: uri.into(),
                status,
                draft,
                errors,
                warnings,
            });
        }
        Ok(studies)
    })
    .await
}

/// `study/validate`
pub async fn validate(context: Context, params: SpecParams) -> Answer<Validation> {
    blocking(move || {
        let (path, text) = spec(
            &context,
            params.study_id.as_deref(),
            params.text_document.as_ref(),
        )?;
        let uri = match &params.text_document {
            Some(document) => document.uri.clone(),
            None => uri_of(&path)
                .ok_or_else(|| OperationError::InvalidParams("studyId: no file".into()))?,
        };
        let (parsed, findings) = checked(&context, &path, text)?;
        let gates = gates(&parsed, &findings);
        Ok(Validation {
            errors: count(&findings, Severity::Error),
            warnings: count(&findings, Severity::Warning),
            diagnostics: to_lsp(&findings, parsed.text(), &uri, context.client.encoding),
            gates: gates
                .into_iter()
                .map(|gate| GateResult {
                    gate: gate.name.into(),
                    passed: gate.passed,
                    reasons: gate.reasons,
                })
                .collect(),
            uri: uri.into(),
        })
    })
    .await
}

/// The spec that an operation is about: its file, and its text where it is open.
pub fn spec(
    context: &Context,
    study: Option<&str>,
    document: Option<&crate::server::ext::TextDocument>,
) -> Answer<(PathBuf, Option<Text>)> {
    if let Some(document) = document {
        let open = context.document(&document.uri);
        let text = open.map(|open| open.text.clone());
        return match path_of(&document.uri) {
            Some(path) => Ok((path, text)),
            None if text.is_some() => Ok((PathBuf::from(document.uri.path()), text)),
            None => Err(OperationError::InvalidParams(format!(
                "textDocument.uri: {} is no open document",
                document.uri
            ))),
        };
    }
    let Some(study) = study else {
        return Err(OperationError::InvalidParams(
            "studyId or textDocument is needed".into(),
        ));
    };
    let id = StudyId::parse(study)?;
    let roots = context.managers.roots();
    let mut refusal = None;
    let path = roots.iter().find_map(|root| match root.spec_path(&id) {
        Ok(path) => Some(path),
        Err(error) => {
            refusal.get_or_insert(error);
            None
        }
    });
    let path = match (path, refusal) {
        (Some(path), _) => path,
        (None, Some(error)) => return Err(error.into()),
        (None, None) => return Err(context.managers.no_root()),
    };
    let text = context
        .open
        .iter()
        .find(|open| open.is_file(&path))
        .map(|open| open.text.clone());
    Ok((path, text))
}

fn checked(context: &Context, path: &Path, text: Option<Text>) -> Answer<(Parsed, Vec<Finding>)> {
    let open = || {
        context
            .open
            .iter()
            .find(|open| open.is_file(path))
            .map(|open| open.text.clone())
    };
    let severities = &context.settings.severities;
    match text.or_else(open) {
        Some(text) => {
            let parsed = Parsed::new(text);
            let findings = context.inspector.check(&parsed, Some(path), severities);
            Ok((parsed, findings))
        }
        None => match context.inspector.inspect(path, severities) {
            Ok(inspected) => Ok((inspected.parsed, inspected.findings)),
            Err(error) if error.is_missing() => Err(error.into()),
            Err(error) => Ok((Parsed::new(Text::default()), vec![unreadable(&error)])),
        },
    }
}

/// What there is to say of a spec that is there, but cannot be read or is no text: one error, at its beginning.
fn unreadable(error: &StudyError) -> Finding {
    Finding {
        code: Code::SyntaxError,
        severity: Severity::Error,
        message: error.to_string(),
        range: 0..0,
        related: Vec::new(),
        fixes: Vec::new(),
        tags: Vec::new(),
        pointer: String::new(),
    }
}

fn count(findings: &[Finding], severity: Severity) -> usize {
    findings
        .iter()
        .filter(|finding| finding.severity == severity)
        .count()
}

/// Runs what reads files or checks whole specs off the loop.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Answer<T> + Send + 'static,
) -> Answer<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(answer) => answer,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}
