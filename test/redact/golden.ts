/** Names whose values must stay visible. */
export const keep: readonly string[] = `
  http.request.method http.response.status_code http.route url.scheme server.address server.port client.address network.peer.address
  network.protocol.version user_agent.original error.type db.system.name db.namespace db.collection.name db.operation.name
  messaging.message.id messaging.kafka.message.key rpc.service rpc.method process.pid process.name thread.name
  service.name service.version host.name os.type telemetry.sdk.name code.function.name code.file.path code.namespace
  primarykey primary_key primaryKey cachekey cache.key idempotencykey idempotency-key keyboard keynote monkey turkey
  author authorName book.authors authority secretary className class.name business_name rootPath root.path hot_path footprint
  system.factor form.fail api.bandwidth http2.fallback threads.number pinned spinner shipping.method passenger
  state code country_code zipCode status statusCode commit_hash order.id user.id user.email enduser.id price amount
  gen_ai.request.model feature.flag hashtag notes description
`
  .trim()
  .split(/\s+/)

/** Names whose values must never be seen. */
export const hide: readonly string[] = `
  password Password PASSWORD passwd pwd user.password user[password] password_confirmation passwordHash db_password mysqlpwd pgpassword
  passphrase pass pw secret client_secret clientSecret app.secret SECRET_KEY secret-key secretkey aws_secret_access_key
  token access_token accessToken refresh_token refreshToken id_token idToken x-auth-token csrf_token csrfToken xsrf-token _csrf _xsrf
  session_token api.token token_secret bearer bearerToken bearer_auth jwt user.jwt jwt_payload
  auth authorization Authorization x-authorization proxy-authorization basic_auth authHeader oauth oauth2 oauth_verifier authenticate
  authorise authorizationCode x-auth auth0
  apikey api_key apiKey api-key X-Api-Key x_api_key stripe.apiKey api.key accesskey access_key AWSAccessKeyId private_key privateKey
  privatekey signing_key signingKey encryptionKey encryption_key master_key masterKey subscription-key Ocp-Apim-Subscription-Key
  cookie Cookie set-cookie setCookie cookies session sessionId session_id session.id sid connect.sid PHPSESSID JSESSIONID
  credential credentials X-Amz-Credential signature X-Amz-Signature X-Goog-Signature sig hmac hash salt nonce
  otp otp_code otpCode user.otp smsOtp totp mfa mfaCode mfa_token 2fa 2fa_code user2fa pin pinCode pin_code user.pin
  ssn user_ssn userSSN ssnLast4 cvv cvv2 card.cvv cvc cardCvc cardnumber card_number cardNumber creditcard credit_card creditCard
  ccnumber cc_number iban user.iban routingNumber routing_number
  connectionString connection_string databaseUrl DATABASE_URL db_url dbUrl sentry.dsn SENTRY_DSN dsn webhookUrl webhook_url
  recoveryCode recovery_code seedPhrase seed_phrase assertion ticket SAMLResponse saml_response key x-forwarded-client-cert
`
  .trim()
  .split(/\s+/)
