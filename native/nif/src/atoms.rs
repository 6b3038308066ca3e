//! The atoms this library makes. All of them: nothing a peer sends becomes an atom.

rustler::atoms! {
    ok,
    error,
    undefined,
    closed,
    wait,
    go,
    ssl_native,
    internal,
    miss,
    none,
    count,
    skipped,
    data,
    conns,
    stores,
    credentials,
    configs,
    shares,
    bytes,
}
