%% The registry of cipher suites: what each one consists of, what it is called, and in which lists it stands.
%%
%% Source of the code points and RFC names: IANA "TLS Cipher Suites". The maps (`ssl:erl_cipher_suite()`), the
%% OpenSSL names and the contents and order of the lists are those of the documented API (ssl(3erl),
%% `ssl:cipher_suites/2`). A suite is a code (integer) everywhere inside; maps and names are for programs.
-module(ssl_suites).
-if(?OTP_RELEASE >= 27).
-moduledoc false.
-endif.

-export([to_map/1, from_map/1, rfc_name/1, openssl_name/1, from_name/1, legacy/1]).
-export([list/2, category/1, crypto_supports/1, filter/1, filter/2, prepend/2, append/2]).
-export([cipher_suites/2, cipher_suites/3, str_to_suite/1]).
-export([tls13/0]).

-export_type([code/0, suite/0, description/0]).

-type code() :: 0..16#ffff.
%% As `ssl:erl_cipher_suite()`.
-type suite() :: #{key_exchange := atom(), cipher := atom(), mac := atom(), prf := atom()}.
-type description() :: default | all | exclusive | anonymous | exclusive_anonymous.

-define(NO_SUITE, #{key_exchange => null, cipher => null, mac => null, prf => null}).
-define(SCSV_NAME, "TLS_EMPTY_RENEGOTIATION_INFO_SCSV").

%%--------------------------------------------------------------------------------------------------------------
%% The table: code, key exchange, cipher, MAC, PRF hash, RFC name, OpenSSL name
%%--------------------------------------------------------------------------------------------------------------
table() ->
    [
     {16#0004, rsa, rc4_128, md5, default_prf, "TLS_RSA_WITH_RC4_128_MD5", "RC4-MD5"},
     {16#0005, rsa, rc4_128, sha, default_prf, "TLS_RSA_WITH_RC4_128_SHA", "RC4-SHA"},
     {16#0009, rsa, des_cbc, sha, default_prf, "TLS_RSA_WITH_DES_CBC_SHA", "DES-CBC-SHA"},
     {16#000A, rsa, '3des_ede_cbc', sha, default_prf, "TLS_RSA_WITH_3DES_EDE_CBC_SHA", "DES-CBC3-SHA"},
     {16#0012, dhe_dss, des_cbc, sha, default_prf, "TLS_DHE_DSS_WITH_DES_CBC_SHA", "DHE-DSS-DES-CBC-SHA"},
     {16#0013, dhe_dss, '3des_ede_cbc', sha, default_prf, "TLS_DHE_DSS_WITH_3DES_EDE_CBC_SHA", "DHE-DSS-DES-CBC3-SHA"},
     {16#0015, dhe_rsa, des_cbc, sha, default_prf, "TLS_DHE_RSA_WITH_DES_CBC_SHA", "EDH-RSA-DES-CBC-SHA"},
     {16#0016, dhe_rsa, '3des_ede_cbc', sha, default_prf, "TLS_DHE_RSA_WITH_3DES_EDE_CBC_SHA", "EDH-RSA-DES-CBC3-SHA"},
     {16#0018, dh_anon, rc4_128, md5, default_prf, "TLS_DH_anon_WITH_RC4_128_MD5", "ADH-RC4-MD5"},
     {16#001A, dh_anon, des_cbc, sha, default_prf, "TLS_DH_anon_WITH_DES_CBC_SHA", "ADH-DES-CBC-SHA"},
     {16#001B, dh_anon, '3des_ede_cbc', sha, default_prf, "TLS_DH_anon_WITH_3DES_EDE_CBC_SHA", "ADH-DES-CBC3-SHA"},
     {16#002C, psk, null, sha, default_prf, "TLS_PSK_WITH_NULL_SHA", "PSK-NULL-SHA"},
     {16#002D, dhe_psk, null, sha, default_prf, "TLS_DHE_PSK_WITH_NULL_SHA", "DHE-PSK-NULL-SHA"},
     {16#002E, rsa_psk, null, sha, default_prf, "TLS_RSA_PSK_WITH_NULL_SHA", "RSA-PSK-NULL-SHA"},
     {16#002F, rsa, aes_128_cbc, sha, default_prf, "TLS_RSA_WITH_AES_128_CBC_SHA", "AES128-SHA"},
     {16#0032, dhe_dss, aes_128_cbc, sha, default_prf, "TLS_DHE_DSS_WITH_AES_128_CBC_SHA", "DHE-DSS-AES128-SHA"},
     {16#0033, dhe_rsa, aes_128_cbc, sha, default_prf, "TLS_DHE_RSA_WITH_AES_128_CBC_SHA", "DHE-RSA-AES128-SHA"},
     {16#0034, dh_anon, aes_128_cbc, sha, default_prf, "TLS_DH_anon_WITH_AES_128_CBC_SHA", "ADH-AES128-SHA"},
     {16#0035, rsa, aes_256_cbc, sha, default_prf, "TLS_RSA_WITH_AES_256_CBC_SHA", "AES256-SHA"},
     {16#0038, dhe_dss, aes_256_cbc, sha, default_prf, "TLS_DHE_DSS_WITH_AES_256_CBC_SHA", "DHE-DSS-AES256-SHA"},
     {16#0039, dhe_rsa, aes_256_cbc, sha, default_prf, "TLS_DHE_RSA_WITH_AES_256_CBC_SHA", "DHE-RSA-AES256-SHA"},
     {16#003A, dh_anon, aes_256_cbc, sha, default_prf, "TLS_DH_anon_WITH_AES_256_CBC_SHA", "ADH-AES256-SHA"},
     {16#003C, rsa, aes_128_cbc, sha256, default_prf, "TLS_RSA_WITH_AES_128_CBC_SHA256", "AES128-SHA256"},
     {16#003D, rsa, aes_256_cbc, sha256, default_prf, "TLS_RSA_WITH_AES_256_CBC_SHA256", "AES256-SHA256"},
     {16#0040, dhe_dss, aes_128_cbc, sha256, default_prf, "TLS_DHE_DSS_WITH_AES_128_CBC_SHA256", "DHE-DSS-AES128-SHA256"},
     {16#0067, dhe_rsa, aes_128_cbc, sha256, default_prf, "TLS_DHE_RSA_WITH_AES_128_CBC_SHA256", "DHE-RSA-AES128-SHA256"},
     {16#006A, dhe_dss, aes_256_cbc, sha256, default_prf, "TLS_DHE_DSS_WITH_AES_256_CBC_SHA256", "DHE-DSS-AES256-SHA256"},
     {16#006B, dhe_rsa, aes_256_cbc, sha256, default_prf, "TLS_DHE_RSA_WITH_AES_256_CBC_SHA256", "DHE-RSA-AES256-SHA256"},
     {16#006C, dh_anon, aes_128_cbc, sha256, sha256, "TLS_DH_anon_WITH_AES_128_CBC_SHA256", "ADH-AES128-SHA256"},
     {16#006D, dh_anon, aes_256_cbc, sha256, sha256, "TLS_DH_anon_WITH_AES_256_CBC_SHA256", "ADH-AES256-SHA256"},
     {16#008A, psk, rc4_128, sha, default_prf, "TLS_PSK_WITH_RC4_128_SHA", "PSK-RC4-SHA"},
     {16#008B, psk, '3des_ede_cbc', sha, default_prf, "TLS_PSK_WITH_3DES_EDE_CBC_SHA", "PSK-3DES-EDE-CBC-SHA"},
     {16#008C, psk, aes_128_cbc, sha, default_prf, "TLS_PSK_WITH_AES_128_CBC_SHA", "PSK-AES128-CBC-SHA"},
     {16#008D, psk, aes_256_cbc, sha, default_prf, "TLS_PSK_WITH_AES_256_CBC_SHA", "PSK-AES256-CBC-SHA"},
     {16#008E, dhe_psk, rc4_128, sha, default_prf, "TLS_DHE_PSK_WITH_RC4_128_SHA", "DHE-PSK-RC4-SHA"},
     {16#008F, dhe_psk, '3des_ede_cbc', sha, default_prf, "TLS_DHE_PSK_WITH_3DES_EDE_CBC_SHA", "DHE-PSK-3DES-EDE-CBC-SHA"},
     {16#0090, dhe_psk, aes_128_cbc, sha, default_prf, "TLS_DHE_PSK_WITH_AES_128_CBC_SHA", "DHE-PSK-AES128-CBC-SHA"},
     {16#0091, dhe_psk, aes_256_cbc, sha, default_prf, "TLS_DHE_PSK_WITH_AES_256_CBC_SHA", "DHE-PSK-AES256-CBC-SHA"},
     {16#0092, rsa_psk, rc4_128, sha, default_prf, "TLS_RSA_PSK_WITH_RC4_128_SHA", "RSA-PSK-RC4-SHA"},
     {16#0093, rsa_psk, '3des_ede_cbc', sha, default_prf, "TLS_RSA_PSK_WITH_3DES_EDE_CBC_SHA", "RSA-PSK-DES-CBC3-SHA"},
     {16#0094, rsa_psk, aes_128_cbc, sha, default_prf, "TLS_RSA_PSK_WITH_AES_128_CBC_SHA", "RSA-PSK-AES128-CBC-SHA"},
     {16#0095, rsa_psk, aes_256_cbc, sha, default_prf, "TLS_RSA_PSK_WITH_AES_256_CBC_SHA", "RSA-PSK-AES256-CBC-SHA"},
     {16#009C, rsa, aes_128_gcm, aead, sha256, "TLS_RSA_WITH_AES_128_GCM_SHA256", "AES128-GCM-SHA256"},
     {16#009D, rsa, aes_256_gcm, aead, sha384, "TLS_RSA_WITH_AES_256_GCM_SHA384", "AES256-GCM-SHA384"},
     {16#009E, dhe_rsa, aes_128_gcm, aead, sha256, "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256", "DHE-RSA-AES128-GCM-SHA256"},
     {16#009F, dhe_rsa, aes_256_gcm, aead, sha384, "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384", "DHE-RSA-AES256-GCM-SHA384"},
     {16#00A0, dh_rsa, aes_128_gcm, aead, sha256, "TLS_DH_RSA_WITH_AES_128_GCM_SHA256", "DH-RSA-AES128-GCM-SHA256"},
     {16#00A1, dh_rsa, aes_256_gcm, aead, sha384, "TLS_DH_RSA_WITH_AES_256_GCM_SHA384", "DH-RSA-AES256-GCM-SHA384"},
     {16#00A2, dhe_dss, aes_128_gcm, aead, sha256, "TLS_DHE_DSS_WITH_AES_128_GCM_SHA256", "DHE-DSS-AES128-GCM-SHA256"},
     {16#00A3, dhe_dss, aes_256_gcm, aead, sha384, "TLS_DHE_DSS_WITH_AES_256_GCM_SHA384", "DHE-DSS-AES256-GCM-SHA384"},
     {16#00A4, dh_dss, aes_128_gcm, aead, sha256, "TLS_DH_DSS_WITH_AES_128_GCM_SHA256", "DH-DSS-AES128-GCM-SHA256"},
     {16#00A5, dh_dss, aes_256_gcm, aead, sha384, "TLS_DH_DSS_WITH_AES_256_GCM_SHA384", "DH-DSS-AES256-GCM-SHA384"},
     {16#00A6, dh_anon, aes_128_gcm, aead, sha256, "TLS_DH_anon_WITH_AES_128_GCM_SHA256", "ADH-AES128-GCM-SHA256"},
     {16#00A7, dh_anon, aes_256_gcm, aead, sha384, "TLS_DH_anon_WITH_AES_256_GCM_SHA384", "ADH-AES256-GCM-SHA384"},
     {16#00A8, psk, aes_128_gcm, aead, sha256, "TLS_PSK_WITH_AES_128_GCM_SHA256", "PSK-AES128-GCM-SHA256"},
     {16#00A9, psk, aes_256_gcm, aead, sha384, "TLS_PSK_WITH_AES_256_GCM_SHA384", "PSK-AES256-GCM-SHA384"},
     {16#00AA, dhe_psk, aes_128_gcm, aead, sha256, "TLS_DHE_PSK_WITH_AES_128_GCM_SHA256", "DHE-PSK-AES128-GCM-SHA256"},
     {16#00AB, dhe_psk, aes_256_gcm, aead, sha384, "TLS_DHE_PSK_WITH_AES_256_GCM_SHA384", "DHE-PSK-AES256-GCM-SHA384"},
     {16#00AC, rsa_psk, aes_128_gcm, aead, sha256, "TLS_RSA_PSK_WITH_AES_128_GCM_SHA256", "RSA-PSK-AES128-GCM-SHA256"},
     {16#00AD, rsa_psk, aes_256_gcm, aead, sha384, "TLS_RSA_PSK_WITH_AES_256_GCM_SHA384", "RSA-PSK-AES256-GCM-SHA384"},
     {16#00AE, psk, aes_128_cbc, sha256, sha256, "TLS_PSK_WITH_AES_128_CBC_SHA256", "PSK-AES128-CBC-SHA256"},
     {16#00AF, psk, aes_256_cbc, sha384, sha384, "TLS_PSK_WITH_AES_256_CBC_SHA384", "PSK-AES256-CBC-SHA384"},
     {16#00B0, psk, null, sha256, default_prf, "TLS_PSK_WITH_NULL_SHA256", "PSK-NULL-SHA256"},
     {16#00B1, psk, null, sha384, sha384, "TLS_PSK_WITH_NULL_SHA384", "PSK-NULL-SHA384"},
     {16#00B2, dhe_psk, aes_128_cbc, sha256, sha256, "TLS_DHE_PSK_WITH_AES_128_CBC_SHA256", "DHE-PSK-AES128-CBC-SHA256"},
     {16#00B3, dhe_psk, aes_256_cbc, sha384, sha384, "TLS_DHE_PSK_WITH_AES_256_CBC_SHA384", "DHE-PSK-AES256-CBC-SHA384"},
     {16#00B4, dhe_psk, null, sha256, sha256, "TLS_DHE_PSK_WITH_NULL_SHA256", "DHE-PSK-NULL-SHA256"},
     {16#00B5, dhe_psk, null, sha384, sha384, "TLS_DHE_PSK_WITH_NULL_SHA384", "DHE-PSK-NULL-SHA384"},
     {16#00B6, rsa_psk, aes_128_cbc, sha256, default_prf, "TLS_RSA_PSK_WITH_AES_128_CBC_SHA256", "RSA-PSK-AES128-CBC-SHA256"},
     {16#00B7, rsa_psk, aes_256_cbc, sha384, sha384, "TLS_RSA_PSK_WITH_AES_256_CBC_SHA384", "RSA-PSK-AES256-CBC-SHA384"},
     {16#00B8, rsa_psk, null, sha256, sha256, "TLS_RSA_PSK_WITH_NULL_SHA256", "RSA-PSK-NULL-SHA256"},
     {16#00B9, rsa_psk, null, sha384, sha384, "TLS_RSA_PSK_WITH_NULL_SHA384", "RSA-PSK-NULL-SHA384"},
     {16#1301, any, aes_128_gcm, aead, sha256, "TLS_AES_128_GCM_SHA256", "TLS_AES_128_GCM_SHA256"},
     {16#1302, any, aes_256_gcm, aead, sha384, "TLS_AES_256_GCM_SHA384", "TLS_AES_256_GCM_SHA384"},
     {16#1303, any, chacha20_poly1305, aead, sha256, "TLS_CHACHA20_POLY1305_SHA256", "TLS_CHACHA20_POLY1305_SHA256"},
     {16#1304, any, aes_128_ccm, aead, sha256, "TLS_AES_128_CCM_SHA256", "TLS_AES_128_CCM_SHA256"},
     {16#1305, any, aes_128_ccm_8, aead, sha256, "TLS_AES_128_CCM_8_SHA256", "TLS_AES_128_CCM_8_SHA256"},
     {16#C001, ecdh_ecdsa, null, sha, default_prf, "TLS_ECDH_ECDSA_WITH_NULL_SHA", "ECDH-ECDSA-NULL-SHA"},
     {16#C002, ecdh_ecdsa, rc4_128, sha, default_prf, "TLS_ECDH_ECDSA_WITH_RC4_128_SHA", "ECDH-ECDSA-RC4-SHA"},
     {16#C003, ecdh_ecdsa, '3des_ede_cbc', sha, default_prf, "TLS_ECDH_ECDSA_WITH_3DES_EDE_CBC_SHA", "ECDH-ECDSA-DES-CBC3-SHA"},
     {16#C004, ecdh_ecdsa, aes_128_cbc, sha, default_prf, "TLS_ECDH_ECDSA_WITH_AES_128_CBC_SHA", "ECDH-ECDSA-AES128-SHA"},
     {16#C005, ecdh_ecdsa, aes_256_cbc, sha, default_prf, "TLS_ECDH_ECDSA_WITH_AES_256_CBC_SHA", "ECDH-ECDSA-AES256-SHA"},
     {16#C006, ecdhe_ecdsa, null, sha, default_prf, "TLS_ECDHE_ECDSA_WITH_NULL_SHA", "ECDHE-ECDSA-NULL-SHA"},
     {16#C007, ecdhe_ecdsa, rc4_128, sha, default_prf, "TLS_ECDHE_ECDSA_WITH_RC4_128_SHA", "ECDHE-ECDSA-RC4-SHA"},
     {16#C008, ecdhe_ecdsa, '3des_ede_cbc', sha, default_prf, "TLS_ECDHE_ECDSA_WITH_3DES_EDE_CBC_SHA", "ECDHE-ECDSA-DES-CBC3-SHA"},
     {16#C009, ecdhe_ecdsa, aes_128_cbc, sha, default_prf, "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA", "ECDHE-ECDSA-AES128-SHA"},
     {16#C00A, ecdhe_ecdsa, aes_256_cbc, sha, default_prf, "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA", "ECDHE-ECDSA-AES256-SHA"},
     {16#C00B, ecdh_rsa, null, sha, default_prf, "TLS_ECDH_RSA_WITH_NULL_SHA", "ECDH-RSA-NULL-SHA"},
     {16#C00C, ecdh_rsa, rc4_128, sha, default_prf, "TLS_ECDH_RSA_WITH_RC4_128_SHA", "ECDH-RSA-RC4-SHA"},
     {16#C00D, ecdh_rsa, '3des_ede_cbc', sha, default_prf, "TLS_ECDH_RSA_WITH_3DES_EDE_CBC_SHA", "ECDH-RSA-DES-CBC3-SHA"},
     {16#C00E, ecdh_rsa, aes_128_cbc, sha, default_prf, "TLS_ECDH_RSA_WITH_AES_128_CBC_SHA", "ECDH-RSA-AES128-SHA"},
     {16#C00F, ecdh_rsa, aes_256_cbc, sha, default_prf, "TLS_ECDH_RSA_WITH_AES_256_CBC_SHA", "ECDH-RSA-AES256-SHA"},
     {16#C010, ecdhe_rsa, null, sha, default_prf, "TLS_ECDHE_RSA_WITH_NULL_SHA", "ECDHE-RSA-NULL-SHA"},
     {16#C011, ecdhe_rsa, rc4_128, sha, default_prf, "TLS_ECDHE_RSA_WITH_RC4_128_SHA", "ECDHE-RSA-RC4-SHA"},
     {16#C012, ecdhe_rsa, '3des_ede_cbc', sha, default_prf, "TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA", "ECDHE-RSA-DES-CBC3-SHA"},
     {16#C013, ecdhe_rsa, aes_128_cbc, sha, default_prf, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", "ECDHE-RSA-AES128-SHA"},
     {16#C014, ecdhe_rsa, aes_256_cbc, sha, default_prf, "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA", "ECDHE-RSA-AES256-SHA"},
     {16#C015, ecdh_anon, null, sha, default_prf, "TLS_ECDH_anon_WITH_NULL_SHA", "AECDH-NULL-SHA"},
     {16#C016, ecdh_anon, rc4_128, sha, default_prf, "TLS_ECDH_anon_WITH_RC4_128_SHA", "AECDH-RC4-SHA"},
     {16#C017, ecdh_anon, '3des_ede_cbc', sha, default_prf, "TLS_ECDH_anon_WITH_3DES_EDE_CBC_SHA", "AECDH-DES-CBC3-SHA"},
     {16#C018, ecdh_anon, aes_128_cbc, sha, default_prf, "TLS_ECDH_anon_WITH_AES_128_CBC_SHA", "AECDH-AES128-SHA"},
     {16#C019, ecdh_anon, aes_256_cbc, sha, default_prf, "TLS_ECDH_anon_WITH_AES_256_CBC_SHA", "AECDH-AES256-SHA"},
     {16#C01A, srp_anon, '3des_ede_cbc', sha, default_prf, "TLS_SRP_SHA_WITH_3DES_EDE_CBC_SHA", "SRP-3DES-EDE-CBC-SHA"},
     {16#C01B, srp_rsa, '3des_ede_cbc', sha, default_prf, "TLS_SRP_SHA_RSA_WITH_3DES_EDE_CBC_SHA", "SRP-RSA-DES-CBC3-SHA"},
     {16#C01C, srp_dss, '3des_ede_cbc', sha, default_prf, "TLS_SRP_SHA_DSS_WITH_3DES_EDE_CBC_SHA", "SRP-DSS-DES-CBC3-SHA"},
     {16#C01D, srp_anon, aes_128_cbc, sha, default_prf, "TLS_SRP_SHA_WITH_AES_128_CBC_SHA", "SRP-AES-128-CBC-SHA"},
     {16#C01E, srp_rsa, aes_128_cbc, sha, default_prf, "TLS_SRP_SHA_RSA_WITH_AES_128_CBC_SHA", "SRP-RSA-AES-128-CBC-SHA"},
     {16#C01F, srp_dss, aes_128_cbc, sha, default_prf, "TLS_SRP_SHA_DSS_WITH_AES_128_CBC_SHA", "SRP-DSS-AES128-CBC-SHA"},
     {16#C020, srp_anon, aes_256_cbc, sha, default_prf, "TLS_SRP_SHA_WITH_AES_256_CBC_SHA", "SRP-AES-256-CBC-SHA"},
     {16#C021, srp_rsa, aes_256_cbc, sha, default_prf, "TLS_SRP_SHA_RSA_WITH_AES_256_CBC_SHA", "SRP-RSA-AES-256-CBC-SHA"},
     {16#C022, srp_dss, aes_256_cbc, sha, default_prf, "TLS_SRP_SHA_DSS_WITH_AES_256_CBC_SHA", "SRP-DSS-AES256-CBC-SHA"},
     {16#C023, ecdhe_ecdsa, aes_128_cbc, sha256, sha256, "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256", "ECDHE-ECDSA-AES128-SHA256"},
     {16#C024, ecdhe_ecdsa, aes_256_cbc, sha384, sha384, "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384", "ECDHE-ECDSA-AES256-SHA384"},
     {16#C025, ecdh_ecdsa, aes_128_cbc, sha256, sha256, "TLS_ECDH_ECDSA_WITH_AES_128_CBC_SHA256", "ECDH-ECDSA-AES128-SHA256"},
     {16#C026, ecdh_ecdsa, aes_256_cbc, sha384, sha384, "TLS_ECDH_ECDSA_WITH_AES_256_CBC_SHA384", "ECDH-ECDSA-AES256-SHA384"},
     {16#C027, ecdhe_rsa, aes_128_cbc, sha256, sha256, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256", "ECDHE-RSA-AES128-SHA256"},
     {16#C028, ecdhe_rsa, aes_256_cbc, sha384, sha384, "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384", "ECDHE-RSA-AES256-SHA384"},
     {16#C029, ecdh_rsa, aes_128_cbc, sha256, sha256, "TLS_ECDH_RSA_WITH_AES_128_CBC_SHA256", "ECDH-RSA-AES128-SHA256"},
     {16#C02A, ecdh_rsa, aes_256_cbc, sha384, sha384, "TLS_ECDH_RSA_WITH_AES_256_CBC_SHA384", "ECDH-RSA-AES256-SHA384"},
     {16#C02B, ecdhe_ecdsa, aes_128_gcm, aead, sha256, "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "ECDHE-ECDSA-AES128-GCM-SHA256"},
     {16#C02C, ecdhe_ecdsa, aes_256_gcm, aead, sha384, "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "ECDHE-ECDSA-AES256-GCM-SHA384"},
     {16#C02D, ecdh_ecdsa, aes_128_gcm, aead, sha256, "TLS_ECDH_ECDSA_WITH_AES_128_GCM_SHA256", "ECDH-ECDSA-AES128-GCM-SHA256"},
     {16#C02E, ecdh_ecdsa, aes_256_gcm, aead, sha384, "TLS_ECDH_ECDSA_WITH_AES_256_GCM_SHA384", "ECDH-ECDSA-AES256-GCM-SHA384"},
     {16#C02F, ecdhe_rsa, aes_128_gcm, aead, sha256, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "ECDHE-RSA-AES128-GCM-SHA256"},
     {16#C030, ecdhe_rsa, aes_256_gcm, aead, sha384, "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "ECDHE-RSA-AES256-GCM-SHA384"},
     {16#C031, ecdh_rsa, aes_128_gcm, aead, sha256, "TLS_ECDH_RSA_WITH_AES_128_GCM_SHA256", "ECDH-RSA-AES128-GCM-SHA256"},
     {16#C032, ecdh_rsa, aes_256_gcm, aead, sha384, "TLS_ECDH_RSA_WITH_AES_256_GCM_SHA384", "ECDH-RSA-AES256-GCM-SHA384"},
     {16#C033, ecdhe_psk, rc4_128, sha, default_prf, "TLS_ECDHE_PSK_WITH_RC4_128_SHA", "ECDHE-PSK-RC4-SHA"},
     {16#C034, ecdhe_psk, '3des_ede_cbc', sha, default_prf, "TLS_ECDHE_PSK_WITH_3DES_EDE_CBC_SHA", "ECDHE-PSK-3DES-EDE-CBC-SHA"},
     {16#C035, ecdhe_psk, aes_128_cbc, sha, default_prf, "TLS_ECDHE_PSK_WITH_AES_128_CBC_SHA", "ECDHE-PSK-AES128-CBC-SHA"},
     {16#C036, ecdhe_psk, aes_256_cbc, sha, default_prf, "TLS_ECDHE_PSK_WITH_AES_256_CBC_SHA", "ECDHE-PSK-AES256-CBC-SHA"},
     {16#C037, ecdhe_psk, aes_128_cbc, sha256, sha256, "TLS_ECDHE_PSK_WITH_AES_128_CBC_SHA256", "ECDHE-PSK-AES128-CBC-SHA256"},
     {16#C038, ecdhe_psk, aes_256_cbc, sha384, sha384, "TLS_ECDHE_PSK_WITH_AES_256_CBC_SHA384", "ECDHE-PSK-AES256-CBC-SHA384"},
     {16#C03A, ecdhe_psk, null, sha256, sha256, "TLS_ECDHE_PSK_WITH_NULL_SHA256", "ECDHE-PSK-NULL-SHA256"},
     {16#C03B, ecdhe_psk, null, sha384, sha384, "TLS_ECDHE_PSK_WITH_NULL_SHA384", "ECDHE-PSK-NULL-SHA384"},
     {16#C0A4, psk, aes_128_ccm, aead, default_prf, "TLS_PSK_WITH_AES_128_CCM", "PSK-AES128-CCM"},
     {16#C0A5, psk, aes_256_ccm, aead, default_prf, "TLS_PSK_WITH_AES_256_CCM", "PSK-AES256-CCM"},
     {16#C0A6, dhe_psk, aes_128_ccm, aead, default_prf, "TLS_DHE_PSK_WITH_AES_128_CCM", "DHE-PSK-AES128-CCM"},
     {16#C0A7, dhe_psk, aes_256_ccm, aead, default_prf, "TLS_DHE_PSK_WITH_AES_256_CCM", "DHE-PSK-AES256-CCM"},
     {16#C0A8, psk, aes_128_ccm_8, aead, default_prf, "TLS_PSK_WITH_AES_128_CCM_8", "PSK-AES128-CCM8"},
     {16#C0A9, psk, aes_256_ccm_8, aead, default_prf, "TLS_PSK_WITH_AES_256_CCM_8", "PSK-AES256-CCM8"},
     {16#C0AA, dhe_psk, aes_128_ccm_8, aead, default_prf, "TLS_DHE_PSK_WITH_AES_128_CCM_8", "DHE-PSK-AES128-CCM8"},
     {16#C0AB, dhe_psk, aes_256_ccm_8, aead, default_prf, "TLS_DHE_PSK_WITH_AES_256_CCM_8", "DHE-PSK-AES256-CCM8"},
     {16#C0AC, ecdhe_ecdsa, aes_128_ccm, aead, default_prf, "TLS_ECDHE_ECDSA_WITH_AES_128_CCM", "ECDHE-ECDSA-AES128-CCM"},
     {16#C0AD, ecdhe_ecdsa, aes_256_ccm, aead, default_prf, "TLS_ECDHE_ECDSA_WITH_AES_256_CCM", "ECDHE-ECDSA-AES256-CCM"},
     {16#C0AE, ecdhe_ecdsa, aes_128_ccm_8, aead, default_prf, "TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8", "ECDHE-ECDSA-AES128-CCM8"},
     {16#C0AF, ecdhe_ecdsa, aes_256_ccm_8, aead, default_prf, "TLS_ECDHE_ECDSA_WITH_AES_256_CCM_8", "ECDHE-ECDSA-AES256-CCM8"},
     {16#CCA8, ecdhe_rsa, chacha20_poly1305, aead, sha256, "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE-RSA-CHACHA20-POLY1305"},
     {16#CCA9, ecdhe_ecdsa, chacha20_poly1305, aead, sha256, "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE-ECDSA-CHACHA20-POLY1305"},
     {16#CCAA, dhe_rsa, chacha20_poly1305, aead, sha256, "TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256", "DHE-RSA-CHACHA20-POLY1305"},
     {16#CCAC, ecdhe_psk, chacha20_poly1305, aead, sha256, "TLS_ECDHE_PSK_WITH_CHACHA20_POLY1305_SHA256", "ECDHE-PSK-CHACHA20-POLY1305"},
     {16#D001, ecdhe_psk, aes_128_gcm, aead, sha256, "TLS_ECDHE_PSK_WITH_AES_128_GCM_SHA256", "ECDHE-PSK-AES128-GCM-SHA256"},
     {16#D002, ecdhe_psk, aes_256_gcm, aead, sha384, "TLS_ECDHE_PSK_WITH_AES_256_GCM_SHA384", "ECDHE-PSK-AES256-GCM-SHA384"},
     {16#D003, ecdhe_psk, aes_128_ccm_8, aead, sha256, "TLS_ECDHE_PSK_WITH_AES_128_CCM_8_SHA256", "ECDHE-PSK-AES128-CCM8-SHA256"},
     {16#D005, ecdhe_psk, aes_128_ccm, aead, sha256, "TLS_ECDHE_PSK_WITH_AES_128_CCM_SHA256", "ECDHE-PSK-AES128-CCM-SHA256"}
    ].

%% Names that the documented API does not translate back although the suite has a row: those of suites without
%% encryption or with static DH, which no list offers.
unrecognized() ->
    ["TLS_PSK_WITH_NULL_SHA",
     "TLS_DHE_PSK_WITH_NULL_SHA",
     "TLS_RSA_PSK_WITH_NULL_SHA",
     "DH-RSA-AES128-GCM-SHA256",
     "DH-RSA-AES256-GCM-SHA384",
     "DH-DSS-AES128-GCM-SHA256",
     "DH-DSS-AES256-GCM-SHA384",
     "TLS_PSK_WITH_NULL_SHA256",
     "PSK-NULL-SHA256",
     "TLS_PSK_WITH_NULL_SHA384",
     "TLS_DHE_PSK_WITH_NULL_SHA256",
     "TLS_DHE_PSK_WITH_NULL_SHA384",
     "TLS_RSA_PSK_WITH_NULL_SHA256",
     "RSA-PSK-NULL-SHA256",
     "TLS_RSA_PSK_WITH_NULL_SHA384",
     "TLS_ECDH_ECDSA_WITH_NULL_SHA",
     "TLS_ECDHE_ECDSA_WITH_NULL_SHA",
     "TLS_ECDH_RSA_WITH_NULL_SHA",
     "TLS_ECDHE_RSA_WITH_NULL_SHA",
     "TLS_ECDH_anon_WITH_NULL_SHA",
     "TLS_ECDHE_PSK_WITH_NULL_SHA256",
     "TLS_ECDHE_PSK_WITH_NULL_SHA384"].

%% Other spellings in OpenSSL names, by what stands for them when names are compared.
spellings() ->
    [{"AES-128-CBC", "AES128"},
     {"AES-256-CBC", "AES256"},
     {"AES128-CBC", "AES128"},
     {"AES256-CBC", "AES256"},
     {"3DES-EDE-CBC", "DES-CBC3"},
     {"CHACHA20-POLY1305-SHA256", "CHACHA20-POLY1305"},
     {"EDH-RSA-AES", "DHE-RSA-AES"},
     {"EDH-DSS-AES", "DHE-DSS-AES"},
     {"EDH-RSA-DES", "DHE-RSA-DES"},
     {"EDH-DSS-DES", "DHE-DSS-DES"}].

%% Suites in order of preference, by the lists that they are part of.
-spec category(atom()) -> [code()].
category(tls13) ->
    [16#1302, 16#1301, 16#1303, 16#1304, 16#1305];
category(tls13_ccm8) ->
    [16#1305];
category(aead) ->
    [16#C02C, 16#C030, 16#C0AD, 16#C0AF, 16#CCA9, 16#CCA8, 16#C02B, 16#C02F, 16#C0AC, 16#C0AE, 16#C02E, 16#C032,
     16#C02D, 16#C031, 16#009F, 16#00A3, 16#009E, 16#00A2, 16#CCAA];
category(aead_ccm8) ->
    [16#C0AF, 16#C0AE];
category(cbc_sha) ->
    [16#C00A, 16#C014, 16#C005, 16#C00F, 16#C009, 16#C013, 16#C004, 16#C00E, 16#0039, 16#0038, 16#0033, 16#0032];
category(cbc_sha2) ->
    [16#C024, 16#C028, 16#C026, 16#C02A, 16#C023, 16#C027, 16#C025, 16#C029, 16#006B, 16#006A, 16#0067, 16#0040];
category(cbc_3des_dss) ->
    [16#0013];
category(psk) ->
    [16#00AD, 16#00B7, 16#00AC, 16#00B6, 16#0095, 16#0094, 16#0093, 16#0092];
category(srp) ->
    [16#C021, 16#C022, 16#C01E, 16#C01F, 16#C01B, 16#C01C];
category(rsa_sha2) ->
    [16#009D, 16#003D, 16#009C, 16#003C];
category(rsa_sha) ->
    [16#0035, 16#002F, 16#000A];
category(des) ->
    [16#C008, 16#C012, 16#0016, 16#0013, 16#C003, 16#C00D, 16#0015, 16#0009];
category(rc4) ->
    [16#C007, 16#C011, 16#C002, 16#C00C, 16#0005, 16#0004];
category(psk_anon_aead) ->
    [16#00AB, 16#00A9, 16#C0A7, 16#C0AB, 16#C0A5, 16#C0A9, 16#CCAC, 16#D001, 16#D005, 16#D003, 16#00AA, 16#00A8,
     16#C0A6, 16#C0AA, 16#C0A4, 16#C0A8];
category(psk_anon) ->
    [16#C038, 16#00B3, 16#00AF, 16#C037, 16#00B2, 16#00AE, 16#C033, 16#0091, 16#008D, 16#C035, 16#0090, 16#008C,
     16#C034, 16#008F, 16#008B, 16#C033, 16#008E, 16#008A];
category(anon_12) ->
    [16#00A6, 16#00A7, 16#006C, 16#006D, 16#C018, 16#C019, 16#C017, 16#0018];
category(anon_11) ->
    [16#C018, 16#C019, 16#C017, 16#001A, 16#0018];
category(anon_10) ->
    [16#0018, 16#001B, 16#001A];
category(srp_anon) ->
    [16#C01D, 16#C020, 16#C01A].

%% 3DES left TLS 1.2's lists of PSK and SRP suites.
category(Name, '3des') when Name =:= psk; Name =:= srp ->
    [C || C <- category(Name), not is_3des(C)].

is_3des(Code) ->
    element(3, row(Code)) =:= '3des_ede_cbc'.

%%--------------------------------------------------------------------------------------------------------------
%% Lists
%%--------------------------------------------------------------------------------------------------------------

%% The TLS 1.3 suites.
-spec tls13() -> [code()].
tls13() -> category(tls13).

%% What `ssl:cipher_suites/2` lists, before support by crypto is asked. DTLS has the lists of the TLS version it
%% derives from without the stream cipher (RFC 6347 section 4.1.2.2).
-spec list(description(), ssl_versions:version()) -> [code()].
list(Description, 'dtlsv1.2') -> datagram(list(Description, 'tlsv1.2'));
list(Description, dtlsv1) -> datagram(list(Description, 'tlsv1.1'));

list(default, 'tlsv1.3') -> (category(tls13) -- category(tls13_ccm8)) ++ list(default, 'tlsv1.2');
list(default, 'tlsv1.2') -> category(aead) -- category(aead_ccm8);
list(default, 'tlsv1.1') -> category(cbc_sha);
list(default, tlsv1) -> category(cbc_sha);

list(exclusive, 'tlsv1.3') -> category(tls13);
list(exclusive, 'tlsv1.2') -> category(aead);
list(exclusive, 'tlsv1.1') -> [];
list(exclusive, tlsv1) -> category(cbc_sha);

list(all, 'tlsv1.3') ->
    list(default, 'tlsv1.3') ++ category(tls13_ccm8) ++ legacy_list('tlsv1.2') ++ category(cbc_sha);
list(all, 'tlsv1.2') ->
    list(default, 'tlsv1.2') ++ category(aead_ccm8) ++ legacy_list('tlsv1.2') ++ category(cbc_sha);
list(all, 'tlsv1.1') ->
    category(cbc_sha) ++ legacy_list('tlsv1.1');
list(all, tlsv1) ->
    category(cbc_sha) ++ legacy_list(tlsv1) ++ category(cbc_3des_dss);

list(anonymous, 'tlsv1.3') -> [];
list(anonymous, 'tlsv1.2') -> list(exclusive_anonymous, 'tlsv1.2') ++ list(anonymous, 'tlsv1.1');
list(anonymous, 'tlsv1.1') -> list(exclusive_anonymous, 'tlsv1.1') ++ list(anonymous, tlsv1);
list(anonymous, tlsv1) -> list(exclusive_anonymous, tlsv1);

list(exclusive_anonymous, 'tlsv1.3') -> [];
list(exclusive_anonymous, 'tlsv1.2') -> category(psk_anon_aead) ++ category(anon_12);
list(exclusive_anonymous, 'tlsv1.1') -> category(anon_11);
list(exclusive_anonymous, tlsv1) -> category(psk_anon) ++ category(anon_10) ++ category(srp_anon).

%% Suites that exist for old peers only.
legacy_list('tlsv1.2') ->
    category(cbc_sha2) ++ category(psk, '3des') ++ category(srp, '3des') ++ category(rsa_sha2) ++ category(rsa_sha)
        ++ category(des) ++ category(rc4);
legacy_list('tlsv1.1') ->
    category(srp) ++ category(rsa_sha) ++ category(des) ++ category(rc4);
legacy_list(tlsv1) ->
    category(cbc_3des_dss) ++ category(psk) ++ category(srp) ++ category(rsa_sha) ++ category(des) ++ category(rc4).

datagram(Codes) ->
    [C || C <- Codes, element(3, row(C)) =/= rc4_128].

%%--------------------------------------------------------------------------------------------------------------
%% Conversions
%%--------------------------------------------------------------------------------------------------------------

row(Code) ->
    lists:keyfind(Code, 1, table()).

%% The suite as programs see it.
-spec to_map(code()) -> suite().
to_map(Code) when Code =:= 16#0000; Code =:= 16#00FF ->
    ?NO_SUITE;
to_map(Code) ->
    case row(Code) of
        {_, Kex, Cipher, Mac, Prf, _, _} -> #{key_exchange => Kex, cipher => Cipher, mac => Mac, prf => Prf};
        false -> error(function_clause, [Code])
    end.

%% The code of a suite; `undefined` when there is none.
-spec from_map(term()) -> code() | undefined.
from_map(#{key_exchange := Kex, cipher := Cipher, mac := Mac, prf := Prf}) ->
    %% With a MAC, or where it is the version's, the hash of the PRF is implied, whatever the map says: releases
    %% have written down different ones.
    find(fun({_, K, C, M, P, _, _}) ->
                 K =:= Kex andalso C =:= Cipher andalso M =:= Mac
                     andalso (M =/= aead orelse P =:= Prf orelse P =:= default_prf)
         end);
from_map(_) ->
    undefined.

find(Matches) ->
    case lists:search(Matches, table()) of
        {value, Row} -> element(1, Row);
        false -> undefined
    end.

%% The name in the IANA registry.
-spec rfc_name(suite()) -> string().
rfc_name(#{key_exchange := null, cipher := null, mac := null, prf := null}) -> ?SCSV_NAME;
rfc_name(Suite) -> name(6, Suite).

%% The name that the openssl command line uses.
-spec openssl_name(suite()) -> string().
openssl_name(#{key_exchange := null, cipher := null, mac := null, prf := null}) -> ?SCSV_NAME;
openssl_name(Suite) -> name(7, Suite).

name(Column, Suite) ->
    case from_map(Suite) of
        undefined -> error(function_clause, [Suite]);
        Code -> element(Column, row(Code))
    end.

%% The suite of an RFC or OpenSSL name.
-spec from_name(term()) -> {ok, suite()} | error.
from_name(?SCSV_NAME) ->
    {ok, ?NO_SUITE};
from_name(Name) when is_list(Name) ->
    case lists:member(Name, unrecognized()) of
        true -> error;
        false -> from_name([6, 7], Name)
    end;
from_name(_) ->
    error.

from_name([Column | Columns], Name) ->
    case lists:keyfind(Name, Column, table()) of
        false -> from_name(Columns, Name);
        Row -> {ok, to_map(element(1, Row))}
    end;
from_name([], "TLS_" ++ _) ->
    error;
from_name([], Name) ->
    Plain = plain(Name),
    case lists:search(fun(Row) -> plain(element(7, Row)) =:= Plain end, table()) of
        {value, Row} -> {ok, to_map(element(1, Row))};
        false -> error
    end.

plain("RSA-PSK-" ++ _ = Name) -> respelled(Name);
plain("RSA-" ++ Name) -> respelled(Name);
plain(Name) -> respelled(Name).

respelled(Name) ->
    lists:foldl(fun({Spelling, Plain}, Acc) -> lists:append(string:replace(Acc, Spelling, Plain)) end,
                Name, spellings()).

%% `ssl:old_cipher_suite()`: a triple where the version decides the PRF.
-spec legacy(suite()) -> {atom(), atom(), atom()} | {atom(), atom(), atom(), atom()}.
legacy(#{key_exchange := Kex, cipher := Cipher, mac := Mac, prf := Prf}) ->
    case Prf of
        default_prf -> {Kex, Cipher, Mac};
        _ -> {Kex, Cipher, Mac, Prf}
    end.

%% `ssl:str_to_suite/1`.
-spec str_to_suite(term()) -> suite() | {error, {not_recognized, term()}}.
str_to_suite(Name) ->
    case from_name(Name) of
        {ok, Suite} -> Suite;
        error -> {error, {not_recognized, Name}}
    end.

%% `ssl:cipher_suites/2`.
-spec cipher_suites(description(), ssl_versions:version()) -> [suite()].
cipher_suites(Description, Version) ->
    [to_map(Code) || Code <- list(Description, Version)].

%% `ssl:cipher_suites/3`.
-spec cipher_suites(description(), ssl_versions:version(), rfc | openssl) -> [string()].
cipher_suites(Description, Version, rfc) -> [element(6, row(Code)) || Code <- list(Description, Version)];
cipher_suites(Description, Version, openssl) -> [element(7, row(Code)) || Code <- list(Description, Version)].

%%--------------------------------------------------------------------------------------------------------------
%% Filters
%%--------------------------------------------------------------------------------------------------------------

%% Has crypto what the suite needs?
-spec crypto_supports(suite()) -> boolean().
crypto_supports(Suite) ->
    accepts(Suite, []).

%% Those of the codes that crypto supports.
-spec filter([code()]) -> [code()].
filter(Codes) ->
    [C || C <- Codes, crypto_supports(to_map(C))].

%% `ssl:filter_cipher_suites/2`: suites (maps, or codes as two bytes) that crypto supports and no filter refuses.
-spec filter([suite() | binary()], [{atom(), fun((atom()) -> boolean())}]) -> [suite() | binary()].
filter(Suites, Filters) ->
    [S || S <- Suites, accepts(as_map(S), Filters)].

as_map(<<Code:16>>) -> to_map(Code);
as_map(#{key_exchange := _} = Suite) -> Suite.

accepts(#{key_exchange := Kex, cipher := Cipher, mac := Mac, prf := Prf}, Filters) ->
    lists:all(fun({Part, Value}) -> accepts(Part, Value, proplists:get_value(Part, Filters)) end,
              [{key_exchange, Kex}, {cipher, Cipher}, {mac, Mac}, {prf, Prf}]).

accepts(Part, Value, undefined) -> part_supported(Part, Value);
accepts(Part, Value, Filter) -> Filter(Value) andalso part_supported(Part, Value).

part_supported(key_exchange, Kex) -> has_all(public_keys, kex_needs(Kex));
part_supported(cipher, null) -> true;
part_supported(cipher, Cipher) -> ssl_algorithms:crypto(ciphers, crypto_cipher(Cipher));
part_supported(mac, Mac) when Mac =:= null; Mac =:= aead -> true;
part_supported(mac, Mac) -> ssl_algorithms:crypto(hashs, Mac);
part_supported(prf, default_prf) -> true;
part_supported(prf, Prf) -> ssl_algorithms:crypto(hashs, Prf).

has_all(_, unknown) -> false;
has_all(Kind, Needs) -> lists:all(fun(Need) -> ssl_algorithms:crypto(Kind, Need) end, Needs).

%% Public key algorithms that a key exchange is made of.
kex_needs(any) -> [];
kex_needs(null) -> [];
kex_needs(psk) -> [];
kex_needs(dh_anon) -> [dh];
kex_needs(dhe_psk) -> [dh];
kex_needs(dhe_dss) -> [dh, dss];
kex_needs(dhe_rsa) -> [dh, rsa];
kex_needs(ecdh_anon) -> [ecdh];
kex_needs(ecdhe_psk) -> [ecdh];
kex_needs(ecdh_ecdsa) -> [ecdh, ecdsa];
kex_needs(ecdhe_ecdsa) -> [ecdh, ecdsa];
kex_needs(ecdh_rsa) -> [ecdh, rsa];
kex_needs(ecdhe_rsa) -> [ecdh, rsa];
kex_needs(rsa) -> [rsa];
kex_needs(rsa_psk) -> [rsa];
kex_needs(srp_anon) -> [srp];
kex_needs(srp_dss) -> [srp, dss];
kex_needs(srp_rsa) -> [srp, rsa];
kex_needs(_) -> unknown.

%% crypto's name of a cipher.
crypto_cipher(rc4_128) -> rc4;
crypto_cipher('3des_ede_cbc') -> des_ede3_cbc;
crypto_cipher(aes_128_ccm_8) -> aes_128_ccm;
crypto_cipher(aes_256_ccm_8) -> aes_256_ccm;
crypto_cipher(Cipher) -> Cipher.

%% `ssl:prepend_cipher_suites/2`.
-spec prepend([suite()] | [{atom(), fun()}], [suite()]) -> [suite()].
prepend(Preferred, Suites) ->
    First = chosen(Preferred, Suites),
    First ++ (Suites -- First).

%% `ssl:append_cipher_suites/2`.
-spec append([suite()] | [{atom(), fun()}], [suite()]) -> [suite()].
append(Deferred, Suites) ->
    Last = chosen(Deferred, Suites),
    (Suites -- Last) ++ Last.

chosen([First | _] = Suites, _) when is_map(First) -> Suites;
chosen(Filters, Suites) -> filter(Suites, Filters).
