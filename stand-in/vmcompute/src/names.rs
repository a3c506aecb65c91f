//! `NameToGuid`.
//!
//! The real DLL's way is not documented; all that its callers rely on is that a name
//! has one GUID, and other names others. Here it is the name-based UUID of version 8
//! that RFC 9562 describes in appendix B.2: SHA-256 over the namespace of object
//! identifiers and the name in UTF-8.

use hcs_schema::HResult;
use sha2::{Digest, Sha256};
use stand_in_support::{Out, Text, exports};
use uuid::{Builder, Uuid, Variant, Version};
use windows_sys::core::GUID;

exports! {
    fn NameToGuid(name: Text, guid: Out<GUID>) -> HResult {
        guid.required()?;
        let uuid = uuid(&name.required()?);
        let (data1, data2, data3, data4) = uuid.as_fields();
        guid.set(GUID { data1, data2, data3, data4: *data4 });
        Ok(())
    }
}

fn uuid(name: &str) -> Uuid {
    let digest = Sha256::new().chain_update(Uuid::NAMESPACE_OID).chain_update(name).finalize();
    let mut bytes = [0; 16];
    for (byte, of_digest) in bytes.iter_mut().zip(digest) {
        *byte = of_digest;
    }
    Builder::from_bytes(bytes)
        .with_version(Version::Custom)
        .with_variant(Variant::RFC4122)
        .into_uuid()
}
