// A server that does what it is told: node server.js <connection age in ms, 0 for none> <port>.
const grpc = require('@grpc/grpc-js');

const same = (value) => value;
const method = (path, responseStream) => ({
  path, requestStream: false, responseStream,
  requestSerialize: same, requestDeserialize: same, responseSerialize: same, responseDeserialize: same,
});

function unary(call, callback) {
  const words = call.request.subarray(2).toString().split(' ');
  if (words[0] === 'code') {
    const metadata = new grpc.Metadata();
    if (words.length > 2) {
      metadata.set('grpc-status-details-bin', Buffer.from(words[2], 'base64'));
    }
    callback({ code: Number(words[1]), details: 'as told', metadata });
  } else if (words[0] !== 'hang') {
    callback(null, Buffer.alloc(0));
  }
}

const age = Number(process.argv[2]);
const server = new grpc.Server(age ? { 'grpc.max_connection_age_ms': age, 'grpc.max_connection_age_grace_ms': 300 } : {});
server.addService({ Unary: method('/peer.Peer/Unary', false), Watch: method('/peer.Peer/Watch', true) }, {
  Unary: unary,
  Watch: (call) => call.sendMetadata(new grpc.Metadata()),
});
server.bindAsync(`127.0.0.1:${process.argv[3]}`, grpc.ServerCredentials.createInsecure(), (err, port) => {
  if (err) {
    throw err;
  }
  console.log(`listening on ${port}`);
});
process.on('SIGTERM', () => {
  server.forceShutdown();
  process.exit(0);
});
