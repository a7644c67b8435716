import { fileURLToPath } from 'node:url';
import { loadPackageDefinition, type MethodDefinition, type ServiceDefinition } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';

export interface EchoMessage {
  readonly requestId: string;
  readonly text: string;
}
export interface EchoService extends ServiceDefinition {
  readonly Say: MethodDefinition<EchoMessage, EchoMessage>;
}

const loaded = loadPackageDefinition(loadSync(fileURLToPath(new URL('./echo.proto', import.meta.url))));
// `echo.proto` says so; what it loads into is not known to the compiler.
export const Echo = (
  loaded.bench as unknown as {
    readonly Echo: ReturnType<typeof import('@grpc/grpc-js').makeGenericClientConstructor> & {
      readonly service: EchoService;
    };
  }
).Echo;
