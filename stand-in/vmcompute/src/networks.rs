//! The function for networks.

use hcs_schema::HResult;
use serde_json::json;
use stand_in_support::{Failure, Out, Text, exports};

exports! {
    /// Networks are not supported: `response` says so in the service's way.
    fn HNSCall(method: Text, path: Text, _object: Text, response: Out<*mut u16>) -> HResult {
        response.set(std::ptr::null_mut());
        let what = format!("{} {}", method.required()?, path.required()?);
        let failure = Failure::unsupported(&format!("the network call {what}"));
        let document = json!({
            "Success": false,
            "Error": failure.message(),
            "ErrorCode": failure.code.0,
        });
        response.set_text(Some(&document.to_string()))?;
        Err(failure.code)
    }
}
