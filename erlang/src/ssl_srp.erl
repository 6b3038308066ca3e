%% Secure Remote Password (RFC 5054, RFC 2945), by OTP's crypto: the groups, a client's part, and the two halves of a
%% server's.
-module(ssl_srp).
-if(?OTP_RELEASE >= 27).
-moduledoc false.
-endif.

-export([client/3, server/3, agree/2]).

-export_type([params/0, host/0]).

%% What a server sends.
-type params() :: {Prime :: binary(), Generator :: binary(), Salt :: binary(), Public :: binary()}.

%% What it keeps until the client's public value comes.
-opaque host() :: #{prime := binary(), verifier := binary(), keys := {binary(), binary()}}.

%% As often as this a key that crypto does not make is tried again: B must not be 0 modulo N.
-define(TRIES, 10).

%% Groups that are taken (RFC 5054 appendix A; those below 2048 bits are too weak): name, generator, and bits with what
%% tells the groups of RFC 3526 apart, or the prime.
groups() ->
    [{srp_2048, 2, prime_2048()},
     {srp_3072, 5, {3072, 1690314}},
     {srp_4096, 5, {4096, 240904}},
     {srp_6144, 5, {6144, 929484}},
     {srp_8192, 19, {8192, 4743158}}].

prime_2048() ->
    <<16#AC6BDB41324A9A9BF166DE5E1389582FAF72B6651987EE07FC3192943DB56050A37329CBB4A099ED8193E0757767A13DD523:400,
      16#12AB4B03310DCD7F48A9DA04FD50E8083969EDB767B0CF6095179A163AB3661A05FBD5FAAAE82918A9962F0B93B855F97993:400,
      16#EC975EEAA80D740ADBF4FF747359D041D5C33EA71D281E446B14773BCA97B43A23FB801676BD207A436C6481F1D2B9078717:400,
      16#461A5B9D32E688F87748544523B524B0D57D5EA77A2775D2ECFA032CFBDBF52FB3786160279004E57AE6AF874E7303CE5329:400,
      16#9CCC041C7BC308D82A5698F3A8D0C38271AE35F8E9DBFBB694B5C803D89F7AE435DE236D525F54759B65E372FCD68EF20FA7:400,
      16#111F9E4AFF73:48>>.

%% A client's public value and the premaster secret. The server's group must be one of the known ones: others might be
%% made to be broken (RFC 5054 section 3.2).
-spec client(params(), User :: binary(), Password :: binary()) ->
          {ok, Public :: binary(), Secret :: binary()} | {error, unknown_group | bad_public}.
client({Prime, Generator, Salt, Peer}, User, Password) ->
    case is_known(Prime, Generator) of
        true ->
            try
                Keys = {Public, _} = crypto:generate_key(srp, {user, [Generator, Prime, '6a']}),
                Derived = crypto:hash(sha, [Salt, crypto:hash(sha, [User, $:, Password])]),
                Secret = crypto:compute_key(srp, Peer, Keys, {user, [Derived, Prime, Generator, '6a']}),
                %% crypto does not raise on a public value of 0 modulo N.
                true = is_binary(Secret),
                {ok, Public, Secret}
            catch
                error:_ -> {error, bad_public}
            end;
        false ->
            {error, unknown_group}
    end.

%% A server's answer to a user of whom a group's name, salt and derived key are known. `error`: there is no such group.
-spec server(Group :: atom(), Salt :: binary(), Derived :: binary()) -> {ok, params(), host()} | error.
server(Group, Salt, Derived) ->
    case lists:keyfind(Group, 1, groups()) of
        {_, G, Made} ->
            Prime = prime(Made),
            Generator = <<G>>,
            Verifier = crypto:mod_pow(Generator, Derived, Prime),
            case keys(Verifier, Generator, Prime, ?TRIES) of
                {Public, _} = Keys ->
                    {ok, {Prime, Generator, Salt, Public}, #{prime => Prime, verifier => Verifier, keys => Keys}};
                error ->
                    error
            end;
        false ->
            error
    end.

keys(_, _, _, 0) ->
    error;
keys(Verifier, Generator, Prime, Tries) ->
    try crypto:generate_key(srp, {host, [Verifier, Generator, Prime, '6a']})
    catch error:_ -> keys(Verifier, Generator, Prime, Tries - 1)
    end.

%% The premaster secret, from the client's public value. `error`: that is 0 modulo N, or too long.
%% (compute_key gives the atom `error` for 0 modulo N, which its type does not say.)
-dialyzer({no_match, agree/2}).
-spec agree(host(), Peer :: binary()) -> {ok, Secret :: binary()} | error.
agree(#{prime := Prime, verifier := Verifier, keys := Keys}, Peer) ->
    try crypto:compute_key(srp, Peer, Keys, {host, [Verifier, Prime, '6a']}) of
        Secret when is_binary(Secret) -> {ok, Secret};
        _ -> error
    catch
        error:_ -> error
    end.

is_known(Prime, Generator) ->
    Known = [Made || {_, G, Made} <- groups(), G =:= binary:decode_unsigned(Generator), bits(Made) =:= bit_size(Prime)],
    lists:any(fun(Made) -> prime(Made) =:= Prime end, Known).

bits({Bits, _}) -> Bits;
bits(Prime) -> bit_size(Prime).

prime(Prime) when is_binary(Prime) -> Prime;
prime({Bits, X}) -> <<(ssl_kx:modp_prime(Bits, X)):Bits>>.
