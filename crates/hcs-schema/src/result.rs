//! What the compute service says of an operation that failed.

use std::fmt;

use crate::HResult;
use crate::document::document;

document! {
    /// The result of an operation.
    pub struct ResultDocument {
        /// The code.
        pub error: HResult = always "Error",
        /// What went wrong, in words.
        pub error_message: String = always "ErrorMessage",
        /// Events that led to it.
        pub error_events: Vec<ErrorEvent> = "ErrorEvents",
    }

    /// An event on the host that led to an error.
    ///
    /// It displays as the reference prints it:
    ///
    /// ```
    /// use hcs_schema::ErrorEvent;
    ///
    /// let event = ErrorEvent { message: "no disk".into(), event_id: 7, ..Default::default() };
    /// assert_eq!(event.to_string(), "[Event Detail: no disk EventID: 7]");
    /// ```
    pub struct ErrorEvent {
        /// The event's message.
        pub message: String = "Message",
        /// The stack at the time of the event.
        pub stack_trace: String = "StackTrace",
        /// The provider that logged the event, a GUID.
        pub provider: String = "Provider",
        /// The event's number with its provider.
        pub event_id: u16 = "EventId",
        /// The event's flags.
        pub flags: u32 = "Flags",
        /// The component that the event comes from.
        pub source: String = "Source",
    }
}

impl fmt::Display for ErrorEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[Event Detail: {}", self.message)?;
        if !self.stack_trace.is_empty() {
            write!(f, " Stack Trace: {}", self.stack_trace)?;
        }
        if !self.provider.is_empty() {
            write!(f, " Provider: {}", self.provider)?;
        }
        if self.event_id != 0 {
            write!(f, " EventID: {}", self.event_id)?;
        }
        if self.flags != 0 {
            write!(f, " flags: {}", self.flags)?;
        }
        if !self.source.is_empty() {
            write!(f, " Source: {}", self.source)?;
        }
        f.write_str("]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_displays_what_it_has() {
        let event: ErrorEvent = serde_json::from_str(
            r#"{"Message":"msg","StackTrace":"st","Provider":"prov","EventId":7,"Flags":8,"Source":"src"}"#,
        )
        .unwrap();
        assert_eq!(
            event.to_string(),
            "[Event Detail: msg Stack Trace: st Provider: prov EventID: 7 flags: 8 Source: src]"
        );
        assert_eq!(ErrorEvent::default().to_string(), "[Event Detail: ]");
    }

    #[test]
    fn a_result_carries_the_code_as_a_signed_number() {
        let text = r#"{"Error":-2143878898,"ErrorMessage":"gone"}"#;
        let result: ResultDocument = serde_json::from_str(text).unwrap();
        assert_eq!(result.error, HResult::HCS_E_SYSTEM_NOT_FOUND);
        assert_eq!(serde_json::to_string(&result).unwrap(), text);
    }
}
