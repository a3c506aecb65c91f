//! The functions for the service.

use hcs_schema::HResult;
use stand_in::protocol::Request;
use stand_in_support::{Out, Text, client, document, exports};

use crate::answer::{answer, call};

exports! {
    fn HcsGetServiceProperties(
        query: Text,
        properties: Out<*mut u16>,
        result: Out<*mut u16>,
    ) -> HResult {
        answer(&result, || {
            properties.required()?;
            properties.set(std::ptr::null_mut());
            let request = Request::ServiceProperties { query: query.or_empty() };
            let reply = call(&client()?, request)?;
            Ok(properties.set_text(document(&reply.document).as_deref())?)
        })
    }

    fn HcsModifyServiceSettings(settings: Text, result: Out<*mut u16>) -> HResult {
        answer(&result, || {
            let settings = settings.required()?;
            call(&client()?, Request::ModifyServiceSettings { settings })?;
            Ok(())
        })
    }
}
