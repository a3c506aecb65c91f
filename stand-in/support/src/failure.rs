//! What went wrong, as the service tells it.

use hcs_schema::{HResult, ResultDocument};
use serde_json::Value;
use stand_in::protocol::Reply;

/// A call failed.
#[derive(Debug, Clone, PartialEq)]
pub struct Failure {
    /// What the function gives.
    pub code: HResult,
    document: ResultDocument,
}

impl Failure {
    /// One with words of its own.
    pub fn new(code: HResult, message: impl Into<String>) -> Self {
        let document =
            ResultDocument { error: code, error_message: message.into(), ..Default::default() };
        Self { code, document }
    }

    /// The call, or what it is to work on, is nothing that a stand-in has.
    pub fn unsupported(what: &str) -> Self {
        let message = format!("{what} is not supported by this stand-in for the Windows service");
        Self::new(hcs_schema::Win32Error::ERROR_NOT_SUPPORTED.into(), message)
    }

    /// What went wrong, in words.
    pub fn message(&self) -> &str {
        &self.document.error_message
    }

    /// The result document.
    pub fn document(&self) -> String {
        serde_json::to_string(&self.document).unwrap_or_default()
    }
}

impl From<HResult> for Failure {
    fn from(code: HResult) -> Self {
        Self::new(code, code.message().unwrap_or_default())
    }
}

/// The reply of a call that went well.
///
/// # Errors
/// The call did not.
pub fn checked(reply: Reply) -> Result<Reply, Failure> {
    let code = HResult::from_u32(reply.hresult);
    if !code.is_failure() {
        return Ok(reply);
    }
    Err(match reply.error {
        Some(document) => Failure { code, document },
        None => code.into(),
    })
}

/// The text of a reply's document, if it has one.
pub fn document(document: &Value) -> Option<String> {
    (!document.is_null()).then(|| document.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_without_words_gets_those_of_its_code() {
        let reply = Reply { hresult: 0xC037_010E, ..Reply::default() };
        let failure = checked(reply).unwrap_err();
        assert_eq!(failure.code, HResult::ERROR_VMCOMPUTE_SYSTEM_NOT_FOUND);
        assert_eq!(
            failure.document(),
            r#"{"Error":-1070137074,"ErrorMessage":"no compute system has this id"}"#
        );
        assert!(checked(Reply::default()).is_ok());
    }
}
