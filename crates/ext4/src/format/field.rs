//! Fields in a row: one list gives the struct, its bytes and its reader.

/// A value of a fixed number of bytes, little-endian.
pub(crate) trait Field: Sized {
    fn put(&self, out: &mut Vec<u8>);
    /// `None` where the bytes end before the field does.
    fn take(input: &mut &[u8]) -> Option<Self>;
}

macro_rules! number_field {
    ($($number:ty)*) => {$(
        impl Field for $number {
            fn put(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.to_le_bytes());
            }

            fn take(input: &mut &[u8]) -> Option<Self> {
                let (bytes, rest) = input.split_first_chunk()?;
                *input = rest;
                Some(Self::from_le_bytes(*bytes))
            }
        }
    )*};
}
number_field! { u8 u16 u32 u64 }

impl<T: Field + Copy + Default, const N: usize> Field for [T; N] {
    fn put(&self, out: &mut Vec<u8>) {
        for value in self {
            value.put(out);
        }
    }

    fn take(input: &mut &[u8]) -> Option<Self> {
        let mut values = [T::default(); N];
        for value in &mut values {
            *value = T::take(input)?;
        }
        Some(values)
    }
}

/// A struct whose fields lie in this order on a disk.
macro_rules! layout {
    (
        $(#[$about:meta])*
        $name:ident: $length:literal {
            $($(#[$field_about:meta])* $field:ident: $type:ty,)*
        }
    ) => {
        $(#[$about])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct $name {
            $($(#[$field_about])* pub $field: $type,)*
        }

        impl $name {
            /// Bytes on a disk.
            pub const LEN: usize = $length;

            /// Appends the structure as it lies on a disk.
            pub fn put(&self, out: &mut Vec<u8>) {
                $($crate::format::field::Field::put(&self.$field, out);)*
            }

            /// Reads the structure from the beginning of `bytes`; `None` where they
            /// are too few.
            pub fn parse(bytes: &[u8]) -> Option<Self> {
                let mut rest = bytes;
                let input = &mut rest;
                Some(Self { $($field: $crate::format::field::Field::take(input)?,)* })
            }
        }

        impl Default for $name {
            /// All zeros.
            fn default() -> Self {
                let zeros = [0; $length];
                let mut rest = &zeros[..];
                let input = &mut rest;
                Self {
                    $($field: $crate::format::field::zero(
                        $crate::format::field::Field::take(input)
                    ),)*
                }
            }
        }
    };
}
pub(crate) use layout;

/// A field of the zeros that a default is made of. There are as many zeros as the
/// structure has bytes (a test counts them), so the other branch is never taken.
pub(crate) fn zero<T: Field>(field: Option<T>) -> T {
    match field {
        Some(field) => field,
        None => unreachable!("a structure's length is the sum of its fields"),
    }
}
