//! Changes to the registry of a guest.

use crate::document::document;
use crate::string_enum::string_enum;

document! {
    /// Changes made before the guest starts.
    pub struct RegistryChanges {
        /// Values to set.
        pub add_values: Vec<RegistryValue> = "AddValues",
        /// Keys to delete with all that is below them.
        pub delete_keys: Vec<RegistryKey> = "DeleteKeys",
    }

    /// A key.
    pub struct RegistryKey {
        /// The hive that it belongs to.
        pub hive: RegistryHive = "Hive",
        /// Its path below the hive.
        pub name: String = "Name",
        /// Whether it is gone when the guest stops.
        pub volatile: bool = "Volatile",
    }

    /// A value of a key.
    pub struct RegistryValue {
        /// The key.
        pub key: Option<RegistryKey> = "Key",
        /// The value's name.
        pub name: String = "Name",
        /// The value's type, which says which of the following fields holds.
        pub type_: RegistryValueType = "Type",
        /// The value, for the three string types.
        pub string_value: String = "StringValue",
        /// The value in base64, for the types `Binary` and `CustomType`.
        pub binary_value: String = "BinaryValue",
        /// The value, for the type `DWord`.
        pub d_word_value: i32 = "DWordValue",
        /// The value, for the type `QWord`.
        pub q_word_value: i32 = "QWordValue",
        /// The type's number, for the type `CustomType`.
        pub custom_type: i32 = "CustomType",
    }
}

string_enum! {
    /// A registry hive.
    pub enum RegistryHive {
        /// `HKLM\SYSTEM`.
        System = "System",
        /// `HKLM\SOFTWARE`.
        Software = "Software",
        /// `HKLM\SECURITY`.
        Security = "Security",
        /// `HKLM\SAM`.
        Sam = "Sam",
    }

    /// The type of a registry value.
    pub enum RegistryValueType {
        /// No type.
        None = "None",
        /// Text.
        String = "String",
        /// Text in which environment variables are replaced.
        ExpandedString = "ExpandedString",
        /// A list of texts.
        MultiString = "MultiString",
        /// Bytes.
        Binary = "Binary",
        /// A number of 32 bits.
        DWord = "DWord",
        /// A number of 64 bits.
        QWord = "QWord",
        /// A type that has a number only.
        CustomType = "CustomType",
    }
}
