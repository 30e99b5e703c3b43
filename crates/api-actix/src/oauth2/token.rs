use actix_web::http::header::PRAGMA;
use actix_web::{HttpRequest, HttpResponse, web};
use application::clients::Clients;
use application::sessions::{Sessions, TokenPair};
use application::sign_in::{Login, SignIn};
use domain::passwords::Password;
use domain::{Secret, ValidationError};
use serde::Serialize;
use utoipa::ToSchema;

use super::UNSUPPORTED_GRANT_TYPE;
use crate::auth::{Identifier, PresentedToken};
use crate::clients::{OAuthError, basic, credentials};
use crate::fields::{Form, NotNull, Required, TextShape, TextValue};
use crate::http::responses::{OAuth, OAuthRateLimited};
use crate::http::{ApiError, ClientDevice, FormBody, Limited, spend};

/// What the body says.
pub(crate) struct AccessTokenRequest {
    grant_type: GrantType,
    username: Option<String>,
    password: Option<Password>,
    refresh_token: Option<Secret>,
    scope: Option<String>,
    client_id: Option<String>,
    client_secret: Option<Secret>,
}

crate::fields! {
    /// What tokens are asked for with (RFC 6749, sections 4.3.2 and 6).
    pub(crate) AccessTokenRequestBody as "AccessTokenRequest" -> AccessTokenRequest {
        /// `password` or `refresh_token`.
        grant_type: Required<GrantType>,
        /// For `password`: email or username.
        username: NotNull<Identifier>,
        /// For `password`.
        password: NotNull<Password>,
        /// For `refresh_token`.
        refresh_token: NotNull<PresentedToken>,
        /// Accepted. There are no scopes: what a token may do is what its user may do.
        scope: NotNull<String>,
        /// Accepted from anyone, and not used without a secret.
        client_id: NotNull<String>,
        /// Only of a client that is configured, which does not use HTTP Basic.
        client_secret: NotNull<Secret>,
    }
    example {"grant_type": "password", "username": "ada@example.com", "password": "correct horse battery staple"}
    build AccessTokenRequest {
        grant_type,
        username: username.map(|name| name.0),
        password,
        refresh_token: refresh_token.map(|token| token.0),
        scope,
        client_id,
        client_secret,
    }
}

pub(crate) type AccessTokenRequestForm = Form<AccessTokenRequestBody>;

/// What tokens are to be given for.
pub(crate) enum GrantType {
    Password,
    RefreshToken,
    Other,
}

impl TextValue for GrantType {
    const SHAPE: TextShape = TextShape::ANY.pattern("^(password|refresh_token)$");

    /// Another one is not refused here: OAuth has an error of its own for it.
    fn parse(text: &str) -> Result<Self, ValidationError> {
        Ok(match text {
            "password" => Self::Password,
            "refresh_token" => Self::RefreshToken,
            _ => Self::Other,
        })
    }
}

/// The same with what it needs.
enum Grant {
    Password { identifier: String, password: Password },
    RefreshToken(Secret),
}

impl Grant {
    fn of(body: &mut AccessTokenRequest) -> Result<Self, ApiError> {
        match body.grant_type {
            GrantType::Password => Ok(Self::Password {
                identifier: required("username", body.username.take())?,
                password: required("password", body.password.take())?,
            }),
            GrantType::RefreshToken => Ok(Self::RefreshToken(required("refresh_token", body.refresh_token.take())?)),
            GrantType::Other => Err(UNSUPPORTED_GRANT_TYPE.into()),
        }
    }

    /// The limit is that of the other route which gives tokens for the same.
    fn limited(&self) -> Limited {
        match self {
            Self::Password { .. } => Limited::Login,
            Self::RefreshToken(_) => Limited::Refresh,
        }
    }
}

fn required<T>(name: &str, value: Option<T>) -> Result<T, ApiError> {
    value.ok_or_else(|| ApiError::invalid(name, "required", "This field is required."))
}

/// Tokens (RFC 6749, section 5.1).
#[derive(Serialize, ToSchema)]
#[schema(as = AccessTokenResponse)]
pub(crate) struct AccessTokenResponseBody<'a> {
    /// For the `Authorization` header of requests: a JWT per RFC 9068.
    #[schema(example = "eyJhbGciOiJFZERTQSIsInR5cCI6ImF0K2p3dCJ9.e30.c2lnbmF0dXJl")]
    access_token: &'a str,
    /// Always `Bearer`.
    #[schema(example = "Bearer")]
    token_type: &'static str,
    /// Seconds for which the access token is valid from now.
    #[schema(example = 900)]
    expires_in: i64,
    /// For the next tokens, once. Opaque.
    #[schema(example = "hxr_AAAAAAAAAAAAAAAAAAAAAAAAAAEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    refresh_token: &'a str,
    /// Empty where a scope was asked for: none was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false, example = "")]
    scope: Option<&'static str>,
}

/// Get tokens.
///
/// Gives tokens for a user's name and password, or for a refresh token, which works once. A client needs no
/// registration; one that sends a secret is rejected if it is wrong.
#[utoipa::path(post, path = "/oauth2/token", tag = "auth",
    request_body(content = AccessTokenRequestForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, description = "The tokens.", body = AccessTokenResponseBody), OAuth, OAuthRateLimited),
    security((), ("client" = [])))]
pub(crate) async fn token(
    sign_in: web::Data<SignIn>,
    sessions: web::Data<Sessions>,
    clients: web::Data<Clients>,
    request: HttpRequest,
    ClientDevice(device): ClientDevice,
    body: Result<FormBody<AccessTokenRequestBody>, ApiError>,
) -> Result<HttpResponse, OAuthError> {
    let FormBody(mut body) = body?;
    let grant = Grant::of(&mut body)?;
    spend(grant.limited(), &request)?;
    if let Some((id, secret)) = credentials(basic(&request)?, body.client_id.as_deref(), body.client_secret)? {
        clients.authenticate(&id, &secret, device.address()).await?;
    }
    let pair = match grant {
        Grant::Password { identifier, password } => {
            sign_in.with_password(Login { identifier, password, device }).await?
        }
        Grant::RefreshToken(token) => sessions.refresh(token.expose(), device.address()).await?,
    };
    Ok(answer(&pair, body.scope.is_some()))
}

/// `Cache-Control: no-store` is on every response.
fn answer(pair: &TokenPair, was_scope_asked_for: bool) -> HttpResponse {
    HttpResponse::Ok().insert_header((PRAGMA, "no-cache")).json(AccessTokenResponseBody {
        access_token: pair.access_token.expose(),
        token_type: "Bearer",
        expires_in: pair.expires_in.num_seconds(),
        refresh_token: pair.refresh_token.expose(),
        scope: was_scope_asked_for.then_some(""),
    })
}
