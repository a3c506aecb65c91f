//! Why a call failed.

use std::any::Any;
use std::error::Error as StdError;
use std::fmt;

use super::{Named, SystemCode};

/// Why a call failed.
///
/// It is made from any error by `into()`; a [`SystemCode`] or a [`Named`] keeps
/// its variant.
#[derive(Debug)]
#[non_exhaustive]
pub enum Cause {
    /// The service answered with this status code.
    Code(SystemCode),
    /// A condition that has no status code.
    Named(Named),
    /// Anything else. The predicates look into it.
    Other(Box<dyn StdError + Send + Sync>),
}

impl Cause {
    /// A cause that is no more than a text: lower case, no full stop.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Other(text.into().into())
    }

    /// The cause as an error.
    pub fn as_error(&self) -> &(dyn StdError + 'static) {
        match self {
            Self::Code(code) => code,
            Self::Named(named) => named,
            Self::Other(other) => other.as_ref(),
        }
    }
}

impl<E: StdError + Send + Sync + 'static> From<E> for Cause {
    fn from(error: E) -> Self {
        let any: &dyn Any = &error;
        if let Some(code) = any.downcast_ref() {
            Self::Code(*code)
        } else if let Some(named) = any.downcast_ref() {
            Self::Named(*named)
        } else {
            Self::Other(Box::new(error))
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self.as_error(), f)
    }
}
