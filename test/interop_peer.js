// A TLS server or client of node's tls module for test/interop_peers.erl: standard input goes to the peer,
// what the peer sends goes to standard output. One argument: the configuration as JSON.
'use strict';
const tls = require('tls'), fs = require('fs');
const c = JSON.parse(process.argv[2]);
const options = {
  minVersion: c.version || 'TLSv1.3',
  ...(c.version && { maxVersion: c.version, dhparam: fs.readFileSync(c.dh) }),
  ...(c.cert && { cert: fs.readFileSync(c.cert), key: fs.readFileSync(c.key) }),
  ...(c.ca && { ca: fs.readFileSync(c.ca) }),
  ...(c.suites && { ciphers: c.suites }),
  ...(c.groups && { ecdhCurve: c.groups }),
  ...(c.signatures && { sigalgs: c.signatures }),
  ...(c.alpn && { ALPNProtocols: c.alpn }),
};
function talk(socket) {
  process.stdout.write(`CONNECTED ${socket.getProtocol()} ${socket.alpnProtocol || '-'}\n`);
  socket.on('data', data => process.stdout.write(data));
  socket.on('close', () => { process.stdout.write('CLOSED\n'); process.exit(0); });
  process.stdin.on('data', data => socket.write(data));
  process.stdin.on('end', () => socket.end());
}
const failed = error => { process.stdout.write(`FAILED ${error.code || error.message}\n`); };
if (c.role === 'server') {
  const server = tls.createServer({ ...options, requestCert: !!c.verify, rejectUnauthorized: !!c.verify });
  server.on('secureConnection', socket => { socket.on('error', failed); talk(socket); });
  server.on('tlsClientError', failed);
  server.listen(0, '127.0.0.1', () => process.stdout.write(`PORT ${server.address().port}\n`));
} else {
  const socket = tls.connect({ ...options, host: '127.0.0.1', port: c.port, servername: 'localhost' });
  socket.on('secureConnect', () => talk(socket));
  socket.on('error', failed);
}
