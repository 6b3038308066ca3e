//! Certificates: parsing of what TLS needs, trust anchors, native path validation.
