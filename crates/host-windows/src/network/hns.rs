//! The older network service: calls with HTTP's words.

use compute::error::legacy::HcsError;
use compute::error::{Cause, SystemCode};
use hcn::HnsFailure;
use hcs_schema::HResult;
use serde::Deserialize;
use serde_json::Value;

use crate::vmcompute::raw;
use crate::wide::{CoTaskString, Wide};

/// The call did not come through: the service was not asked, or gave no answer
/// that can be read.
#[derive(Debug, thiserror::Error)]
#[error("failed during hnsCallRawResponse: {text}")]
struct Transport {
    text: String,
    #[source]
    source: HcsError,
}

/// What the service answers.
#[derive(Deserialize)]
struct Response {
    #[serde(rename = "Success", default)]
    success: bool,
    #[serde(rename = "Error", default)]
    error: String,
    #[serde(rename = "Output", default)]
    output: Value,
}

/// Makes a call and gives the response's output.
pub(super) fn call(method: &Wide, path: &Wide, body: &Wide) -> Result<Value, Cause> {
    let mut response = CoTaskString::empty();
    // SAFETY: the texts end with a NUL, the response is ours.
    let called =
        unsafe { raw::HNSCall(method.as_ptr(), path.as_ptr(), body.as_ptr(), response.out()) };
    let hresult = HResult(called?);
    if hresult.is_failure() {
        let source = HcsError::new(SystemCode::from(hresult), "hnsCall ", "");
        return Err(Transport { text: source.to_string(), source }.into());
    }
    output(&response.text().unwrap_or_default())
}

fn output(response: &str) -> Result<Value, Cause> {
    let response: Response = serde_json::from_str(response)?;
    if response.success { Ok(response.output) } else { Err(HnsFailure(response.error).into()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_response_is_an_output_or_a_failure() {
        let good = output(r#"{"Success":true,"Output":{"Major":15}}"#).unwrap();
        assert_eq!(good["Major"], 15);
        assert_eq!(output(r#"{"Success":true}"#).unwrap(), Value::Null);
        let bad = output(r#"{"Success":false,"Error":"Element not found. "}"#).unwrap_err();
        assert_eq!(bad.to_string(), "hns failed with error : Element not found. ");
        assert!(output("").is_err() && output("[]").is_err());
    }
}
