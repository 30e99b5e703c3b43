use domain::Secret;
use qrcode::QrCode;
use qrcode::render::svg;

use crate::http::ApiError;

/// Least side of the picture, in pixels.
const MIN_SIDE: u32 = 240;

/// A text as a QR code: one element of SVG, black on white with a margin, for any page.
///
/// # Errors
/// [`ApiError::Broken`] for a text of more than 2,331 bytes, which no address makes.
pub(super) fn svg(text: &Secret) -> Result<Secret, ApiError> {
    let code = QrCode::new(text.expose()).map_err(|_| ApiError::Broken("a text is too long for a QR code"))?;
    let document = code.render::<svg::Color<'_>>().min_dimensions(MIN_SIDE, MIN_SIDE).build();
    // What stands before the element is for files.
    let start = document.find("<svg").unwrap_or_default();
    Ok(Secret::new(document[start..].to_owned()))
}
