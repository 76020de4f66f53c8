// OpenSSL 3, and functions for what it has as macros or with variable arguments.
#pragma once
#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

static inline int smtp_ssl_ctx_set_min_version(SSL_CTX *context, int version) {
    return (int)SSL_CTX_set_min_proto_version(context, version);
}

static inline int smtp_ssl_ctx_set_max_version(SSL_CTX *context, int version) {
    return (int)SSL_CTX_set_max_proto_version(context, version);
}

static inline void smtp_ssl_ctx_set_mode(SSL_CTX *context, long mode) { SSL_CTX_set_mode(context, mode); }

static inline int smtp_ssl_ctx_set_groups(SSL_CTX *context, const char *groups) {
    return (int)SSL_CTX_set1_groups_list(context, groups);
}

static inline void smtp_ssl_ctx_disable_session_cache(SSL_CTX *context) {
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
}

static inline int smtp_ssl_ctx_set_chain(SSL_CTX *context, STACK_OF(X509) *chain) {
    return (int)SSL_CTX_set1_chain(context, chain);
}

static inline int smtp_ssl_set_server_name(SSL *ssl, const char *name) {
    return (int)SSL_set_tlsext_host_name(ssl, name);
}

static inline void smtp_ssl_ctx_set_server_name_callback(
    SSL_CTX *context, int (*callback)(SSL *, int *, void *)) {
    SSL_CTX_set_tlsext_servername_callback(context, callback);
}

static inline void smtp_bio_set_retry_read(BIO *bio) { BIO_set_retry_read(bio); }

static inline void smtp_bio_clear_retry(BIO *bio) { BIO_clear_retry_flags(bio); }

static inline int smtp_print_name(BIO *bio, const X509_NAME *name) {
    return X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253);
}

static inline uint64_t smtp_ssl_op_no_compression(void) { return SSL_OP_NO_COMPRESSION; }

static inline uint64_t smtp_ssl_op_no_renegotiation(void) { return SSL_OP_NO_RENEGOTIATION; }

static inline uint64_t smtp_ssl_op_no_ticket(void) { return SSL_OP_NO_TICKET; }

static inline long smtp_bio_contents(BIO *bio, char **start) { return BIO_get_mem_data(bio, start); }

static inline STACK_OF(X509) *smtp_certificates_new(void) { return sk_X509_new_null(); }

static inline int smtp_certificates_push(STACK_OF(X509) *stack, X509 *certificate) {
    return sk_X509_push(stack, certificate);
}

static inline void smtp_certificates_free(STACK_OF(X509) *stack) { sk_X509_pop_free(stack, X509_free); }

static inline EVP_PKEY *smtp_new_p256_key(void) { return EVP_EC_gen("P-256"); }

static inline X509_EXTENSION *smtp_extension(X509 *certificate, int nid, const char *value) {
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, certificate, certificate, NULL, NULL, 0);
    return X509V3_EXT_conf_nid(NULL, &context, nid, value);
}
