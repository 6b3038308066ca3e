%% Files that `ssl:listen/2` is told of: are they there, and do they hold what they should?
%%
%% A server must not start and then refuse every connection, so this is asked when it begins to listen.
-module(ssl_opt_files).
-if(?OTP_RELEASE >= 27).
-moduledoc false.
-endif.

-export([check/1]).

%% Throws `{error, {options, {certfile | keyfile | cacertfile, {File, Reason}}}}` or `{error, {options, {dhfile, Reason}}}`.
-spec check(ssl_opts:optmap()) -> ok.
check(#{certs_keys := Pairs} = Opts) ->
    lists:foreach(fun(Pair) ->
                          named(certfile, Pair, fun certificates/2),
                          named(keyfile, Pair, fun private_key/2)
                  end, Pairs),
    named(cacertfile, Opts, fun certificates/2),
    case Opts of
        #{dhfile := File} when is_binary(File) -> dh(File);
        #{} -> ok
    end.

named(Option, Map, Check) ->
    case Map of
        #{Option := File} when is_binary(File) ->
            case Check(File, Map) of
                ok -> ok;
                {error, Reason} -> ssl_opt_values:fail(Option, {binary_to_list(File), Reason})
            end;
        #{} ->
            ok
    end.

certificates(File, _) ->
    with_entries(File, fun(Entries) ->
                               case lists:keymember('Certificate', 1, Entries) of
                                   true -> ok;
                                   false -> {error, no_certs}
                               end
                       end).

private_key(File, Pair) ->
    with_entries(File, fun(Entries) ->
                               case [E || {Type, _, _} = E <- Entries, is_key_type(Type)] of
                                   [Entry] -> decodes(Entry, Pair);
                                   _ -> {error, {unexpected_content, {missing_single_key, File}}}
                               end
                       end).

is_key_type(Type) ->
    lists:member(Type, ['RSAPrivateKey', 'DSAPrivateKey', 'ECPrivateKey', 'PrivateKeyInfo']).

decodes(Entry, Pair) ->
    try ssl_keys:pem_decode(Entry, password(Pair)) of
        Key ->
            case is_key(Key) of
                true -> ok;
                false -> {error, {unexpected_content, Key}}
            end
    catch
        _:_ -> {error, wrong_password}
    end.

password(#{password := Fun}) -> unicode:characters_to_list(Fun());
password(_) -> "".

is_key({Key, Params}) when is_tuple(Key), is_tuple(Params) ->
    element(1, Key) =:= 'RSAPrivateKey' andalso element(1, Params) =:= 'RSASSA-PSS-params';
is_key(Key) when is_tuple(Key) ->
    lists:member(element(1, Key),
                 ['RSAPrivateKey', 'DSAPrivateKey', 'ECPrivateKey', 'ML-DSAPrivateKey', 'SLH-DSAPrivateKey']);
is_key(_) ->
    false.

dh(File) ->
    Checked = with_entries(File, fun([{'DHParameter', Der, _}]) ->
                                         try public_key:der_decode('DHParameter', Der) of
                                             _ -> ok
                                         catch error:_ -> {error, asn1}
                                         end;
                                    (_) ->
                                         {error, no_dh_parameters}
                                 end),
    case Checked of
        ok -> ok;
        {error, Reason} -> ssl_opt_values:fail(dhfile, Reason)
    end.

with_entries(File, Fun) ->
    case file:read_file(File) of
        {ok, Pem} ->
            try public_key:pem_decode(Pem) of
                Entries -> Fun(Entries)
            catch
                error:_ -> {error, no_certs}
            end;
        {error, _} = Error ->
            Error
    end.
