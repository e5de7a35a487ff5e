//! Ids of conversations. They become file names and arguments, hence their narrow form.

use super::error::SessionError;

/// `^[A-Za-z0-9_-]{1,64}$`
pub fn is_session_id(id: &str) -> bool {
    (1..=64).contains(&id.len())
        && id
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}

/// Refuses an id of another form; `field` is the parameter that carried it.
pub fn check_session_id(field: &'static str, id: &str) -> Result<(), SessionError> {
    if is_session_id(id) {
        return Ok(());
    }
    let shown: String = id.chars().take(80).collect();
    Err(SessionError::InvalidParams {
        field,
        message: format!(
            "{shown:?} is no session id: right are 1 to 64 letters, digits, `_` and `-`"
        ),
    })
}

/// 8 random hexadecimal digits.
pub fn new_session_id() -> String {
    let mut id = uuid::Uuid::new_v4().simple().to_string();
    id.truncate(8);
    id
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_have_the_contracts_form() {
        for good in ["a", "0123abcd", "A_-9", &"x".repeat(64)] {
            assert!(is_session_id(good), "{good}");
        }
        for bad in [
            "",
            "../x",
            "a/b",
            "a b",
            "ä",
            "a\n",
            "a.json",
            &"x".repeat(65),
        ] {
            let error = check_session_id("sessionId", bad).expect_err(bad);
            assert!(error.to_string().starts_with("sessionId: "), "{error}");
        }
    }

    #[test]
    fn new_ids_are_eight_hexadecimal_digits() {
        let id = new_session_id();
        assert!(
            id.len() == 8 && id.bytes().all(|b| b.is_ascii_hexdigit()),
            "{id}"
        );
    }
}
