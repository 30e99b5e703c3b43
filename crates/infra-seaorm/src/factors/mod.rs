mod grace;
mod recovery_code;
mod repository;
mod totp_attempts;
mod totp_device;
