use actix_web::{HttpResponse, web};
use application::clients::Clients;

use super::client_request::{ClientRequest, TokenInquiryForm};
use super::oauth_error::OAuthError;
use crate::http::ClientAddress;
use crate::http::responses::OAuth;

/// Revoke.
///
/// Ends the session that a token belongs to, for the clients that are configured (RFC 7009). A token that is already
/// worth nothing also gets 200.
#[utoipa::path(post, path = "/api/v1/auth/revoke", tag = "auth",
    request_body(content = TokenInquiryForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, description = "The token is worth nothing."), OAuth),
    security(("client" = [])))]
pub(crate) async fn revoke(
    clients: web::Data<Clients>,
    ClientAddress(address): ClientAddress,
    request: ClientRequest,
) -> Result<HttpResponse, OAuthError> {
    clients.revoke_token(request.token.expose(), &request.client_id, address).await?;
    Ok(HttpResponse::Ok().finish())
}
