//! Codes that people type. What cannot be one is a fault of the body: it is no guess, and is not counted as one.

use domain::ValidationError;
use domain::factors::{RecoveryCode, TotpCode};
use domain::one_time_tokens::{MAX_TYPED_CODE_BYTES, MailedCode};

use crate::fields::{TextShape, TextValue};

impl TextValue for TotpCode {
    const SHAPE: TextShape = TextShape::ANY.length(Self::LENGTH, Self::MAX_BYTES).pattern("^ *([0-9] *){6}$");

    fn parse(text: &str) -> Result<Self, ValidationError> {
        Self::parse(text)
    }
}

impl TextValue for RecoveryCode {
    const SHAPE: TextShape =
        TextShape::ANY.length(Self::LENGTH, MAX_TYPED_CODE_BYTES).pattern("^[ -]*([0-9A-Za-z][ -]*){10}$");

    fn parse(text: &str) -> Result<Self, ValidationError> {
        Self::parse(text)
    }
}

impl TextValue for MailedCode {
    const SHAPE: TextShape =
        TextShape::ANY.length(Self::LENGTH, MAX_TYPED_CODE_BYTES).pattern("^[ -]*([0-9A-Za-z][ -]*){8}$");

    fn parse(text: &str) -> Result<Self, ValidationError> {
        Self::parse(text)
    }
}
