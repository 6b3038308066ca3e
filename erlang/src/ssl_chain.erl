%% Chains of certificates: completing the own one from the trust store, and finding the paths from a peer's
%% certificate to a trust anchor in what the peer sent (RFC 5246 section 7.4.2, RFC 8446 section 4.4.2: the list may
%% hold more than is needed, in any order).
%%
%% The work is bounded whatever the peer sends: certificates beyond ?MAX_CERTS are not looked at, at most ?MAX_CHECKS
%% signatures are verified to order a list, and no certificate stands twice in a path.
-module(ssl_chain).
-if(?OTP_RELEASE >= 27).
-moduledoc false.
-endif.

-include_lib("public_key/include/public_key.hrl").

-export([decode/2, complete/2, paths/3, other_anchor/3]).

-export_type([anchor/0, path/0, partial_chain/0]).

%% A certificate from the trust store, or why there is none.
-type anchor() :: #cert{} | unknown_ca | invalid_issuer | selfsigned_peer.
%% From the certificate that the anchor issued down to the peer's.
-type path() :: [#cert{}].
-type partial_chain() :: fun(([binary()]) -> {trusted_ca, binary()} | unknown_ca) | undefined.

%% Certificates of one chain that is built here, the own one included.
-define(MAX_CHAIN, 12).
-define(MAX_CERTS, 100).
-define(MAX_CHECKS, 100).
-define(MAX_PATHS, 10).

%% Decodes what a peer sent, as far as it may count with this `depth`.
-spec decode([binary()], Depth :: non_neg_integer()) -> {ok, [#cert{}]} | {error, Asn1Reason :: term()}.
decode(Ders, Depth) ->
    Considered = lists:sublist(Ders, max(?MAX_CERTS, Depth + 4)),
    try
        {ok, [#cert{der = Der, otp = public_key:pkix_decode_cert(Der, otp)} || Der <- Considered]}
    catch
        %% With a stack trace on some releases.
        error:{_, {error, {asn1, {Reason, [_ | _]}}}} -> {error, Reason};
        error:{_, {error, {asn1, Reason}}} -> {error, Reason};
        error:_ -> {error, undecodable}
    end.

%% A certificate and its issuers as far as the store has them, the root included.
-spec complete(#cert{}, ssl_trust:trust()) -> [#cert{}].
complete(Cert, Trust) ->
    climb([Cert], Trust).

climb([Top | _] = Chain, Trust) when length(Chain) < ?MAX_CHAIN ->
    case not is_self_signed(Top) andalso issuer(Top, Trust) of
        {ok, Issuer} ->
            case lists:any(fun(C) -> C#cert.der =:= Issuer#cert.der end, Chain) of
                true -> lists:reverse(Chain);
                false -> climb([Issuer | Chain], Trust)
            end;
        _ ->
            lists:reverse(Chain)
    end;
climb(Chain, _) ->
    lists:reverse(Chain).

%% The issuer of a certificate in the store: that of its authority key identifier if it names one by issuer and serial
%% number, else one whose key made its signature.
issuer(#cert{otp = Otp} = Cert, Trust) ->
    case public_key:pkix_issuer_id(Otp, other) of
        {ok, {Serial, Issuer}} ->
            ssl_trust:by_id(Serial, Issuer, Trust);
        {error, issuer_not_found} ->
            first(fun(Candidate) -> signed_by(Cert, Candidate) end, ssl_trust:issuers(Otp, Trust))
    end.

first(_, []) -> undefined;
first(Fun, [Candidate | Rest]) ->
    case Fun(Candidate) of
        true -> {ok, Candidate};
        false -> first(Fun, Rest)
    end.

is_self_signed(#cert{otp = Otp}) -> public_key:pkix_is_self_signed(Otp).

%%--------------------------------------------------------------------------------------------------------------------
%% Paths
%%--------------------------------------------------------------------------------------------------------------------

%% The paths to try, each with its anchor.
-spec paths([#cert{}, ...], ssl_trust:trust(), partial_chain()) -> [{anchor(), path()}].
paths([Peer] = Chain, Trust, Partial) ->
    case is_self_signed(Peer) of
        true -> [{selfsigned_peer, Chain}];
        false -> [completed(Chain, {unknown_ca, Chain}, Trust, Partial)]
    end;
paths(Chain, Trust, Partial) ->
    [case anchored(Path, Trust, Partial) of
         {unknown_ca, _} = Unknown -> completed(Chain, Unknown, Trust, Partial);
         Anchored -> Anchored
     end || Path <- candidates(Chain)].

%% What the peer left out may be in the store.
completed([Peer | _] = Chain, Default, Trust, Partial) ->
    Completed = climb([Peer], Trust),
    case Completed =/= Chain andalso lists:prefix(Chain, Completed) of
        true -> anchored(lists:reverse(Completed), Trust, Partial);
        false -> Default
    end.

%% The anchor of a path, whose first certificate may be a root or be issued by one. Only a self-signed certificate of
%% the store is an anchor, unless the user's fun claims another one of the path.
anchored([Top | Rest] = Path, Trust, Partial) ->
    case is_self_signed(Top) of
        true ->
            shortened(Path, Partial, case root(Top, Trust) of
                                         same -> {Top, Rest};
                                         other -> {invalid_issuer, Path};
                                         none -> {unknown_ca, Path}
                                     end);
        false ->
            case issuer(Top, Trust) of
                {ok, Issuer} ->
                    Longer = [Issuer | Path],
                    shortened(Longer, Partial, case is_self_signed(Issuer) of
                                                   true -> {Issuer, Path};
                                                   false -> {unknown_ca, Longer}
                                               end);
                undefined ->
                    shortened(Path, Partial, {unknown_ca, Path})
            end
    end.

root(#cert{der = Der, otp = Otp}, Trust) ->
    {ok, {Serial, Issuer}} = public_key:pkix_issuer_id(Otp, self),
    case ssl_trust:by_id(Serial, Issuer, Trust) of
        {ok, #cert{der = Der}} -> same;
        {ok, _} -> other;
        undefined -> none
    end.

shortened(_, undefined, Default) ->
    Default;
shortened(Path, Partial, Default) ->
    try Partial([Der || #cert{der = Der} <- Path]) of
        {trusted_ca, Der} -> from(Der, Path, Default);
        unknown_ca -> Default
    catch
        _:_ -> Default
    end.

from(Der, [#cert{der = Der} = Anchor | Path], _) -> {Anchor, Path};
from(Der, [_ | Path], Default) -> from(Der, Path, Default);
from(_, [], Default) -> Default.

%% Another root in the store for a path whose anchor did not do: one that issued its first certificate or one below,
%% and is not in the list. As strict as OTP: where the peer's own root is unknown, a key that its certificate calls
%% rsaEncryption does not stand in for it with a PSS signature.
-spec other_anchor(path(), ssl_trust:trust(), Without :: [binary()]) -> {anchor(), path()} | undefined.
other_anchor([], _, _) ->
    undefined;
other_anchor([Cert | Rest] = Path, Trust, Without) ->
    Suits = fun(Candidate) ->
                    not lists:member(Candidate#cert.der, Without) andalso is_self_signed(Candidate)
                        andalso not (signature_algorithm(Cert) =:= ?'id-RSASSA-PSS'
                                     andalso key_algorithm(Candidate) =:= ?rsaEncryption)
                        andalso signed_by(Cert, Candidate)
            end,
    case first(Suits, ssl_trust:issuers(Cert#cert.otp, Trust)) of
        {ok, Root} -> {Root, Path};
        undefined -> other_anchor(Rest, Trust, Without)
    end.

%% The list in the order it was sent if every certificate was issued by the next; otherwise a path from the peer's
%% certificate to each one that nobody in the list issued.
candidates(Chain) ->
    case is_ordered(Chain) of
        true -> [lists:reverse(Chain)];
        false -> search(Chain)
    end.

is_ordered([A, B | Rest]) ->
    public_key:pkix_is_issuer(A#cert.otp, B#cert.otp) andalso is_ordered([B | Rest]);
is_ordered([_]) ->
    true.

search([Peer | _] = Chain) ->
    {Paths, _} = search([Peer], lists:usort(Chain), {[], ?MAX_CHECKS}),
    %% One path to each end, in the order found.
    lists:reverse(lists:foldl(fun([End | _] = Path, Acc) ->
                                      case lists:any(fun([E | _]) -> E =:= End end, Acc) of
                                          true -> Acc;
                                          false -> [Path | Acc]
                                      end
                              end, [], lists:reverse(Paths))).

%% Depth first, upwards from the first certificate of the path; with it goes the number of checks left.
search(_, _, {Paths, Left}) when Left =< 0; length(Paths) >= ?MAX_PATHS ->
    {Paths, Left};
search([Top | _] = Path, Certs, {Paths, Left0}) ->
    {Issuers, Left} = issuers(Top, [C || C <- Certs, not lists:member(C, Path)], Left0),
    case Issuers of
        [] -> {[Path | Paths], Left};
        _ -> lists:foldl(fun(Issuer, Acc) -> search([Issuer | Path], Certs, Acc) end, {Paths, Left}, Issuers)
    end.

issuers(Cert, Candidates, Left) ->
    {Found, Rest} =
        lists:foldl(fun(Candidate, {Acc, N}) when N > 0 ->
                            case public_key:pkix_is_issuer(Cert#cert.otp, Candidate#cert.otp) of
                                true ->
                                    case signed_by(Cert, Candidate) of
                                        true -> {[Candidate | Acc], N - 1};
                                        false -> {Acc, N - 1}
                                    end;
                                false ->
                                    {Acc, N}
                            end;
                       (_, Acc) ->
                            Acc
                    end, {[], Left}, Candidates),
    {lists:reverse(Found), Rest}.

%% Did the key of this certificate sign that one?
signed_by(#cert{der = Der, otp = #'OTPCertificate'{signatureAlgorithm = Algorithm}},
          #cert{otp = #'OTPCertificate'{tbsCertificate = #'OTPTBSCertificate'{subjectPublicKeyInfo = Info}}}) ->
    try public_key:pkix_verify(Der, public_key(Info, Algorithm))
    catch error:_ -> false
    end.

signature_algorithm(#cert{otp = #'OTPCertificate'{signatureAlgorithm = #'SignatureAlgorithm'{algorithm = Oid}}}) -> Oid.

key_algorithm(#cert{otp = #'OTPCertificate'{tbsCertificate = #'OTPTBSCertificate'{subjectPublicKeyInfo = Info}}}) ->
    #'OTPSubjectPublicKeyInfo'{algorithm = #'PublicKeyAlgorithm'{algorithm = Oid}} = Info,
    Oid.

public_key(#'OTPSubjectPublicKeyInfo'{algorithm = #'PublicKeyAlgorithm'{algorithm = Oid, parameters = Parameters},
                                      subjectPublicKey = Key}, Algorithm) ->
    case Oid of
        ?'id-ecPublicKey' -> {Key, Parameters};
        ?'id-Ed25519' -> {Key, {namedCurve, Oid}};
        ?'id-Ed448' -> {Key, {namedCurve, Oid}};
        ?'id-RSASSA-PSS' -> {Key, pss_parameters(Parameters, Algorithm)};
        ?rsaEncryption ->
            case Algorithm of
                #'SignatureAlgorithm'{algorithm = ?'id-RSASSA-PSS', parameters = Pss} -> {Key, Pss};
                _ -> Key
            end;
        ?'id-dsa' ->
            {params, Dss} = Parameters,
            {Key, Dss};
        _ -> Key
    end.

pss_parameters(#'RSASSA-PSS-params'{} = Parameters, _) -> Parameters;
pss_parameters(_, #'SignatureAlgorithm'{parameters = Parameters}) -> Parameters.
