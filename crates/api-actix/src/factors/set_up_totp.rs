use actix_web::http::header::LOCATION;
use actix_web::{HttpResponse, web};
use application::factors::{Factors, SetUpTotp};
use domain::factors::FactorName;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::qr_code;
use crate::fields::Required;
use crate::http::responses::{Body, Conflict, Forbidden, Unauthorized, Unavailable};
use crate::http::{ApiError, Guarded, JsonBody};

crate::fields! {
    /// An authenticator app to set up.
    pub(crate) SetUpTotpBody as "SetUpTotp" -> SetUpTotp {
        /// What you call it, to tell it from your others.
        name: Required<FactorName>,
    }
    example {"name": "Phone"}
}

/// What an authenticator app is set up with, shown once.
#[derive(Serialize, ToSchema)]
#[schema(as = TotpEnrolment)]
pub(crate) struct TotpEnrolmentBody<'a> {
    id: Uuid,
    #[schema(example = "Phone")]
    name: &'a str,
    /// In Base32, to be typed.
    #[schema(example = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")]
    secret: &'a str,
    /// The same as a link that apps take.
    #[schema(
        example = "otpauth://totp/Hexauth:ada%40example.com?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Hexauth"
    )]
    uri: &'a str,
    /// The same as a picture that apps scan: an element of SVG.
    #[schema(example = "<svg xmlns=\"http://www.w3.org/2000/svg\"></svg>")]
    qr_svg: &'a str,
}

/// Set up an authenticator app.
///
/// Makes a secret for an app that shows a code every half minute (RFC 6238). It is a factor once it is confirmed by a
/// code; one that was set up before and not confirmed is forgotten. A user has five at most. Needs a recent proof of
/// who one is: otherwise 403 `step_up_required`.
#[utoipa::path(post, path = "/api/v1/users/me/factors/totp", tag = "factors", request_body = SetUpTotpBody,
    responses(
        (status = 201, description = "What the app is set up with.", body = TotpEnrolmentBody,
            headers(("Location" = String, description = "Where the app is."))),
        Body, Unauthorized, Forbidden, Conflict, Unavailable),
    security(("bearer" = []), ("password" = [])))]
pub(crate) async fn set_up_totp(
    factors: web::Data<Factors>,
    Guarded { actor, input: JsonBody(set_up) }: Guarded<JsonBody<SetUpTotpBody>>,
) -> Result<HttpResponse, ApiError> {
    let (device, enrolment) = factors.set_up_totp(&actor, set_up).await?;
    let qr_svg = qr_code::svg(&enrolment.uri)?;
    let location = format!("/api/v1/users/me/factors/totp/{}", device.id);
    Ok(HttpResponse::Created().insert_header((LOCATION, location)).json(TotpEnrolmentBody {
        id: device.id.as_uuid(),
        name: device.name.as_str(),
        secret: enrolment.secret.expose(),
        uri: enrolment.uri.expose(),
        qr_svg: qr_svg.expose(),
    }))
}
