%% The pseudo-random function of TLS before 1.3, for `ssl:prf/5` with secrets and seeds of the caller's (RFC 5246 section 5,
%% RFC 2246 section 5). What connections themselves derive is derived in the core.
-module(ssl_prf).
-if(?OTP_RELEASE >= 27).
-moduledoc false.
-endif.

-export([prf/6]).

%% Of a version (as on the wire) with the hash that a suite names.
-spec prf(Version :: 0..16#ffff, Hash :: atom(), Secret :: binary(), Label :: iodata(), Seed :: iodata(), non_neg_integer()) ->
          binary().
prf(Version, _, Secret, Label, Seed, Length) when Version < 16#0303 ->
    Half = (byte_size(Secret) + 1) div 2,
    First = binary:part(Secret, 0, Half),
    Second = binary:part(Secret, byte_size(Secret), -Half),
    crypto:exor(p_hash(md5, First, [Label, Seed], Length), p_hash(sha, Second, [Label, Seed], Length));
prf(Version, default_prf, Secret, Label, Seed, Length) ->
    prf(Version, sha256, Secret, Label, Seed, Length);
prf(_, Hash, Secret, Label, Seed, Length) ->
    p_hash(Hash, Secret, [Label, Seed], Length).

p_hash(Hash, Secret, Seed, Length) ->
    p_hash(Hash, Secret, Seed, Length, Seed, []).

p_hash(_, _, _, Length, _, Blocks) when Length =< 0 ->
    Bytes = iolist_to_binary(lists:reverse(Blocks)),
    binary:part(Bytes, 0, byte_size(Bytes) + Length);
p_hash(Hash, Secret, Seed, Length, A0, Blocks) ->
    A = crypto:mac(hmac, Hash, Secret, A0),
    Block = crypto:mac(hmac, Hash, Secret, [A, Seed]),
    p_hash(Hash, Secret, Seed, Length - byte_size(Block), A, [Block | Blocks]).
