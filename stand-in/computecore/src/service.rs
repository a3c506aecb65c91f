//! The functions for the service.

use hcs_schema::HResult;
use stand_in::protocol::{Reply, Request};
use stand_in_support::{Failure, Out, Text, checked, client, document, exports};

exports! {
    fn HcsGetServiceProperties(query: Text, result: Out<*mut u16>) -> HResult {
        result.required()?;
        answer(&result, call(Request::ServiceProperties { query: query.or_empty() }))
    }

    fn HcsModifyServiceSettings(settings: Text, result: Out<*mut u16>) -> HResult {
        result.set(std::ptr::null_mut());
        answer(&result, call(Request::ModifyServiceSettings { settings: settings.required()? }))
    }
}

fn call(request: Request) -> Result<Reply, Failure> {
    checked(client()?.call(request))
}

fn answer(result: &Out<*mut u16>, reply: Result<Reply, Failure>) -> Result<(), HResult> {
    match reply {
        Ok(reply) => result.set_text(document(&reply.document).as_deref()),
        Err(failure) => {
            result.set_text(Some(&failure.document()))?;
            Err(failure.code)
        }
    }
}
