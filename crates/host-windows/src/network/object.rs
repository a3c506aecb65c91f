//! An object of the network service, open.

use compute::error::legacy::HcnError;
use compute::error::{Cause, SystemCode};
use hcn::Kind;
use hcs_schema::HResult;
use uuid::Uuid;
use windows_sys::core::GUID;

use super::raw::{self, Called, Create, Functions};
use crate::wide::{CoTaskString, Wide};

/// A handle to an object, closed when dropped.
pub(super) struct Object {
    raw: raw::Object,
    functions: &'static Functions,
}

impl Object {
    /// Opens the object of this kind and id.
    pub(super) fn open(kind: Kind, id: Uuid) -> Result<Self, Cause> {
        let functions = functions(kind);
        let id = guid(id);
        let (mut raw, mut result) = (std::ptr::null_mut(), CoTaskString::empty());
        // SAFETY: the id, the handle and the result are ours and outlive the call.
        let called = unsafe { (functions.open)(&raw const id, &raw mut raw, result.out()) };
        check(|| format!("hcnOpen{}", functions.noun), called, &result)?;
        Ok(Self { raw, functions })
    }

    /// Makes an object; an endpoint is of `network`, which has to be given.
    pub(super) fn create(
        kind: Kind,
        network: Option<&Self>,
        id: Uuid,
        settings: &Wide,
    ) -> Result<Self, Cause> {
        let functions = functions(kind);
        let id = guid(id);
        let (mut raw, mut result) = (std::ptr::null_mut(), CoTaskString::empty());
        let called = match (functions.create, network) {
            // SAFETY: the settings end with a NUL; all else is ours and outlives
            // the call.
            (Create::Alone(create), _) => unsafe {
                create(&raw const id, settings.as_ptr(), &raw mut raw, result.out())
            },
            // SAFETY: as above, and the network's handle is open.
            (Create::InNetwork(create), Some(network)) => unsafe {
                create(network.raw, &raw const id, settings.as_ptr(), &raw mut raw, result.out())
            },
            (Create::InNetwork(_), None) => {
                return Err(Cause::text("an endpoint needs a network to be made in; give its id"));
            }
        };
        check(|| format!("hcnCreate{}", functions.noun), called, &result)?;
        Ok(Self { raw, functions })
    }

    /// Its properties: JSON text.
    pub(super) fn query(&self, query: &Wide) -> Result<String, Cause> {
        let (mut properties, mut result) = (CoTaskString::empty(), CoTaskString::empty());
        // SAFETY: the handle is open, the query ends with a NUL, the strings are ours.
        let called = unsafe {
            (self.functions.query)(self.raw, query.as_ptr(), properties.out(), result.out())
        };
        check(|| format!("hcnQuery{}Properties", self.functions.noun), called, &result)?;
        Ok(properties.text().unwrap_or_default())
    }

    pub(super) fn modify(&self, settings: &Wide) -> Result<(), Cause> {
        let mut result = CoTaskString::empty();
        // SAFETY: the handle is open, the settings end with a NUL, the string is ours.
        let called = unsafe { (self.functions.modify)(self.raw, settings.as_ptr(), result.out()) };
        check(|| format!("hcnModify{}", self.functions.noun), called, &result)
    }
}

impl Drop for Object {
    fn drop(&mut self) {
        // SAFETY: the handle is open, and nobody has it any more.
        let closed = unsafe { (self.functions.close)(self.raw) };
        if let Err(error) =
            check(|| format!("hcnClose{}", self.functions.noun), closed, &CoTaskString::empty())
        {
            tracing::warn!(%error, "a handle of the network service was not closed");
        }
    }
}

/// The ids that a query selects: JSON text.
pub(super) fn enumerate(kind: Kind, query: &Wide) -> Result<String, Cause> {
    let functions = functions(kind);
    let (mut ids, mut result) = (CoTaskString::empty(), CoTaskString::empty());
    // SAFETY: the query ends with a NUL, the strings are ours.
    let called = unsafe { (functions.enumerate)(query.as_ptr(), ids.out(), result.out()) };
    check(|| format!("hcnEnumerate{}s", functions.noun), called, &result)?;
    Ok(ids.text().unwrap_or_default())
}

/// Removes an object.
pub(super) fn delete(kind: Kind, id: Uuid) -> Result<(), Cause> {
    let functions = functions(kind);
    let (id, mut result) = (guid(id), CoTaskString::empty());
    // SAFETY: the id and the string are ours.
    let called = unsafe { (functions.delete)(&raw const id, result.out()) };
    check(|| format!("hcnDelete{}", functions.noun), called, &result)
}

fn functions(kind: Kind) -> &'static Functions {
    match kind {
        Kind::Network => &raw::NETWORK,
        Kind::Endpoint => &raw::ENDPOINT,
        Kind::Namespace => &raw::NAMESPACE,
        Kind::LoadBalancer => &raw::LOAD_BALANCER,
        Kind::Route => &raw::ROUTE,
    }
}

fn guid(id: Uuid) -> GUID {
    GUID::from_u128(id.as_u128())
}

/// What became of a call. A result that is not empty tells of a failure, whatever
/// the HRESULT is.
fn check(title: impl Fn() -> String, called: Called, result: &CoTaskString) -> Result<(), Cause> {
    let hresult = HResult(called?);
    let result = result.text().unwrap_or_default();
    let code = match (hresult.is_failure(), result.is_empty()) {
        (false, true) => return Ok(()),
        (false, false) => SystemCode::ERROR_GEN_FAILURE,
        (true, _) => SystemCode::from(hresult),
    };
    Err(HcnError::new(code, title(), result).into())
}

#[cfg(test)]
mod tests {
    use compute::error::predicates::hcn::check_error_with_code;

    use super::*;

    fn task_string(text: &str) -> CoTaskString {
        use windows_sys::Win32::System::Com::CoTaskMemAlloc;
        let wide = Wide::new(text).unwrap();
        let units = wide.units().len() + 1;
        // SAFETY: as many bytes as the units and their NUL have are made and filled.
        unsafe {
            let memory: *mut u16 = CoTaskMemAlloc(units * 2).cast();
            std::ptr::copy_nonoverlapping(wide.as_ptr(), memory, units);
            CoTaskString::from_raw(memory)
        }
    }

    #[test]
    fn a_result_is_a_failure_even_where_the_code_is_none() {
        let title = || "hcnOpenNetwork".to_owned();
        assert!(check(title, Ok(0), &CoTaskString::empty()).is_ok());
        assert!(check(title, Ok(0), &task_string("")).is_ok());
        let error = check(title, Ok(0), &task_string("{\"Error\":\"no\"}")).unwrap_err();
        assert!(check_error_with_code(error.as_error(), SystemCode::ERROR_GEN_FAILURE));
        let text = error.to_string();
        assert!(text.starts_with("hcnOpenNetwork failed in Win32: "), "{text}");
        assert!(text.ends_with("(0x1f) {\"Error\":\"no\"}"), "{text}");
    }

    #[test]
    fn a_code_of_win32_is_known_in_an_hresult() {
        let not_found = HResult::from_u32(0x8007_0490).0;
        let error =
            check(|| "hcnDeleteRoute".into(), Ok(not_found), &CoTaskString::empty()).unwrap_err();
        assert!(check_error_with_code(error.as_error(), SystemCode::ERR_ELEMENT_NOT_FOUND));
    }

    #[test]
    fn an_id_is_one_in_windows_order() {
        let id: Uuid = "00112233-4455-6677-8899-aabbccddeeff".parse().unwrap();
        let guid = guid(id);
        assert_eq!((guid.data1, guid.data2, guid.data3), (0x0011_2233, 0x4455, 0x6677));
        assert_eq!(guid.data4, [0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff]);
    }
}
