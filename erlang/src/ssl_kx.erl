%% Key exchange in the groups that the core leaves to OTP's crypto: X448, Brainpool curves (RFC 8734, RFC 7027), finite
%% fields (RFC 7919), ML-KEM and its combinations with elliptic curves (draft-ietf-tls-mlkem,
%% draft-ietf-tls-ecdhe-mlkem); before TLS 1.3 also the curves that RFC 8422 deprecates, static ECDH, and Diffie-Hellman
%% with parameters of a server's choice (RFC 5246 section 8.1.2).
-module(ssl_kx).
-if(?OTP_RELEASE >= 27).
-moduledoc false.
-endif.

-export([generate/1, agree/3, respond/2, agree_static/3]).
-export([dh_generate/2, dh_agree/4]).
-export([ffdhe_prime/1, modp_prime/2]).

-export_type([private/0]).

%% KEMs are only offered where crypto:supports/1 names them.
-dialyzer({no_missing_calls, [secret/3, response/2]}).
-dialyzer({no_fail_call, new/1}).

-opaque private() :: {atom(), term()}.

%% What a group is made of. Hybrids: shares and secrets are put together in this order.
kind(x448) -> {ec, x448, 56};
kind(x25519) -> {ec, x25519, 32};
kind(secp256r1) -> {ec, secp256r1, 65};
kind(secp384r1) -> {ec, secp384r1, 97};
kind(secp521r1) -> {ec, secp521r1, 133};
kind(brainpoolP256r1tls13) -> {ec, brainpoolP256r1, 65};
kind(brainpoolP384r1tls13) -> {ec, brainpoolP384r1, 97};
kind(brainpoolP512r1tls13) -> {ec, brainpoolP512r1, 129};
kind(brainpoolP256r1) -> {ec, brainpoolP256r1, 65};
kind(brainpoolP384r1) -> {ec, brainpoolP384r1, 97};
kind(brainpoolP512r1) -> {ec, brainpoolP512r1, 129};
kind(Curve) when Curve =:= sect571r1; Curve =:= sect571k1 -> {ec, Curve, 145};
kind(Curve) when Curve =:= sect409r1; Curve =:= sect409k1 -> {ec, Curve, 105};
kind(Curve) when Curve =:= sect283r1; Curve =:= sect283k1 -> {ec, Curve, 73};
kind(secp256k1) -> {ec, secp256k1, 65};
kind(Curve) when Curve =:= sect239k1; Curve =:= sect233k1; Curve =:= sect233r1 -> {ec, Curve, 61};
kind(Curve) when Curve =:= secp224k1; Curve =:= secp224r1 -> {ec, Curve, 57};
kind(Curve) when Curve =:= sect193r1; Curve =:= sect193r2 -> {ec, Curve, 51};
kind(Curve) when Curve =:= secp192k1; Curve =:= secp192r1 -> {ec, Curve, 49};
kind(Curve) when Curve =:= sect163k1; Curve =:= sect163r1; Curve =:= sect163r2 -> {ec, Curve, 43};
kind(Curve) when Curve =:= secp160k1; Curve =:= secp160r1; Curve =:= secp160r2 -> {ec, Curve, 41};
%% Bits of the private exponent: twice the strength of the group and more (RFC 7919 section 5.2).
kind(ffdhe2048) -> {dh, 2048, 560316, 225};
kind(ffdhe3072) -> {dh, 3072, 2625351, 275};
kind(ffdhe4096) -> {dh, 4096, 5736041, 325};
kind(ffdhe6144) -> {dh, 6144, 15705020, 375};
kind(ffdhe8192) -> {dh, 8192, 10965728, 400};
%% Sizes of encapsulation key and ciphertext (FIPS 203 section 8).
kind(mlkem512) -> {kem, mlkem512, 800, 768};
kind(mlkem768) -> {kem, mlkem768, 1184, 1088};
kind(mlkem1024) -> {kem, mlkem1024, 1568, 1568};
kind(x25519mlkem768) -> {hybrid, mlkem768, x25519};
kind(secp256r1mlkem768) -> {hybrid, secp256r1, mlkem768};
kind(secp384r1mlkem1024) -> {hybrid, secp384r1, mlkem1024}.

%% An ephemeral key: the share to send, and what stays here.
-spec generate(ssl_algorithms:group()) -> {Share :: binary(), private()}.
generate(Group) ->
    {Share, Private} = new(kind(Group)),
    {Share, {Group, Private}}.

new({ec, Curve, _}) ->
    crypto:generate_key(ecdh, Curve);
new({dh, Bits, X, ExponentBits}) ->
    {Public, Private} = crypto:generate_key(dh, [prime(Bits, X), 2, ExponentBits]),
    {pad(Public, Bits), Private};
new({kem, Kem, _, _}) ->
    crypto:generate_key(Kem, []);
new({hybrid, First, Second}) ->
    {Share1, Private1} = new(kind(First)),
    {Share2, Private2} = new(kind(Second)),
    {<<Share1/binary, Share2/binary>>, {Private1, Private2}}.

%% The shared secret, from the server's share. `error`: the share is none of the group.
-spec agree(ssl_algorithms:group(), private(), Share :: binary()) -> {ok, Secret :: binary()} | error.
agree(Group, {Group, Private}, Share) ->
    try {ok, secret(kind(Group), Private, Share)}
    catch error:_ -> error
    end;
agree(_, _, _) ->
    error.

secret({ec, Curve, Size}, Private, Share) when byte_size(Share) =:= Size ->
    not_zero(crypto:compute_key(ecdh, point(Curve, Share), Private, Curve));
secret({dh, Bits, X, _}, Private, Share) when bit_size(Share) =:= Bits ->
    Prime = prime(Bits, X),
    %% RFC 7919 section 5.1: 1 < Y < p - 1.
    Public = binary:decode_unsigned(Share),
    true = Public > 1 andalso Public < Prime - 1,
    pad(crypto:compute_key(dh, Share, Private, [Prime, 2]), Bits);
secret({kem, Kem, _, Size}, Private, Share) when byte_size(Share) =:= Size ->
    crypto:decapsulate_key(Kem, Private, Share);
secret({hybrid, First, Second}, {Private1, Private2}, Share) ->
    {Share1, Share2} = split(First, Second, 4, Share),
    Secret1 = secret(kind(First), Private1, Share1),
    Secret2 = secret(kind(Second), Private2, Share2),
    <<Secret1/binary, Secret2/binary>>.

%% A server's answer to a client's share: its own share and the secret.
-spec respond(ssl_algorithms:group(), Share :: binary()) -> {ok, Public :: binary(), Secret :: binary()} | error.
respond(Group, Share) ->
    try
        {Public, Secret} = response(kind(Group), Share),
        {ok, Public, Secret}
    catch
        error:_ -> error
    end.

response({kem, Kem, Size, _}, Share) when byte_size(Share) =:= Size ->
    {Secret, Ciphertext} = crypto:encapsulate_key(Kem, Share),
    {Ciphertext, Secret};
response({hybrid, First, Second}, Share) ->
    {Share1, Share2} = split(First, Second, 3, Share),
    {Public1, Secret1} = response(kind(First), Share1),
    {Public2, Secret2} = response(kind(Second), Share2),
    {<<Public1/binary, Public2/binary>>, <<Secret1/binary, Secret2/binary>>};
response(Kind, Share) when element(1, Kind) =/= kem ->
    {Public, Private} = new(Kind),
    {Public, secret(Kind, Private, Share)}.

%% The parts of a hybrid share; Field: the element of a KEM's row that has its size.
split(First, Second, Field, Share) ->
    Size1 = share_size(kind(First), Field),
    Size2 = share_size(kind(Second), Field),
    <<Share1:Size1/binary, Share2:Size2/binary>> = Share,
    {Share1, Share2}.

share_size({ec, _, Size}, _) -> Size;
share_size({kem, _, _, _} = Row, Field) -> element(Field, Row).

%% RFC 8446 section 4.2.8.2: the uncompressed form and no other.
point(Curve, Share) when Curve =:= x25519; Curve =:= x448 -> Share;
point(_, <<4, _/binary>> = Share) -> Share.

%% RFC 8446 section 7.4.2.
not_zero(Secret) ->
    true = binary:decode_unsigned(Secret) =/= 0,
    Secret.

%% RFC 8446 section 7.4.1: leading zeros are kept.
pad(Bytes, Bits) ->
    Missing = Bits - bit_size(Bytes),
    <<0:Missing, Bytes/binary>>.

%% The secret of static ECDH: our certificate's private key, the peer's point.
-spec agree_static(Curve :: atom(), Private :: binary(), Share :: binary()) -> {ok, Secret :: binary()} | error.
agree_static(Curve, Private, Share) ->
    try {ok, secret(kind(Curve), Private, Share)}
    catch error:_ -> error
    end.

%% A Diffie-Hellman key with these parameters. `error`: they are none, or crypto takes no primes of this size.
-spec dh_generate(Prime :: binary(), Generator :: binary()) -> {ok, Public :: binary(), Private :: binary()} | error.
dh_generate(Prime, Generator) ->
    try
        {Public, Private} = crypto:generate_key(dh, [Prime, Generator]),
        {ok, Public, Private}
    catch
        error:_ -> error
    end.

%% RFC 5246 section 8.1.2: without leading zeros. (RFC 7919 section 5.1: nor may the secret be 0 or 1.)
-spec dh_agree(Prime :: binary(), Generator :: binary(), Private :: binary(), Peer :: binary()) -> {ok, binary()} | error.
dh_agree(Prime, Generator, Private, Peer) ->
    try binary:decode_unsigned(crypto:compute_key(dh, Peer, Private, [Prime, Generator])) of
        Secret when Secret > 1 -> {ok, binary:encode_unsigned(Secret)};
        _ -> error
    catch
        error:_ -> error
    end.

%% The prime of a group of RFC 7919.
-spec ffdhe_prime(ssl_algorithms:group()) -> pos_integer().
ffdhe_prime(Group) ->
    {dh, Bits, X, _} = kind(Group),
    prime(Bits, X).

%% RFC 7919 appendix A: p = 2^b - 2^(b-64) + (floor(2^(b-130) * e) + X) * 2^64 - 1.
prime(Bits, X) -> made(ffdhe, Bits, fun euler/1, X).

%% RFC 3526: the same with pi.
-spec modp_prime(Bits :: pos_integer(), X :: pos_integer()) -> pos_integer().
modp_prime(Bits, X) -> made(modp, Bits, fun pi/1, X).

%% Made once and kept.
made(Family, Bits, Constant, X) ->
    Key = {?MODULE, Family, Bits},
    case persistent_term:get(Key, undefined) of
        undefined ->
            Prime = (1 bsl Bits) - (1 bsl (Bits - 64)) + ((Constant(Bits - 130) + X) bsl 64) - 1,
            ok = persistent_term:put(Key, Prime),
            Prime;
        Prime ->
            Prime
    end.

%% floor(2^Bits * e), by the series 1/0! + 1/1! + ..., with 64 bits more against rounding.
euler(Bits) -> series(1 bsl (Bits + 64), 1, 0) bsr 64.

series(0, _, Sum) -> Sum;
series(Term, N, Sum) -> series(Term div N, N + 1, Sum + Term).

%% floor(2^Bits * pi), by Machin's formula: pi/4 = 4 arctan(1/5) - arctan(1/239).
pi(Bits) ->
    One = 1 bsl (Bits + 64),
    (4 * (4 * arctan(One div 5, 25, 1) - arctan(One div 239, 239 * 239, 1))) bsr 64.

arctan(0, _, _) -> 0;
arctan(Power, Square, N) -> Power div N - arctan(Power div Square, Square, N + 2).
