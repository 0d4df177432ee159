; made of coding.c, SHA-256 5063949461ba055285c1d50b871d4b05ddc2cbfd4b0528ad6f78077ce2dec75e

; Function Attrs: nofree norecurse nosync nounwind memory(readwrite, inaccessiblemem: none)
define dso_local void @unit_rows(ptr nocapture noundef readonly %0, i64 noundef %1, i64 noundef %2, i64 noundef %3, i64 noundef %4, ptr nocapture noundef %5, ptr noalias nocapture noundef writeonly %6, ptr nocapture noundef writeonly %7) local_unnamed_addr #0 {
  %9 = icmp sgt i64 %3, 0
  br i1 %9, label %10, label %54

10:                                               ; preds = %8
  %11 = add nsw i64 %4, -64
  %12 = icmp slt i64 %4, 64
  br i1 %12, label %13, label %55

13:                                               ; preds = %10
  %14 = icmp sgt i64 %4, 0
  br i1 %14, label %15, label %41

15:                                               ; preds = %13, %36
  %16 = phi ptr [ %38, %36 ], [ %0, %13 ]
  %17 = phi ptr [ %39, %36 ], [ %6, %13 ]
  %18 = phi i64 [ %37, %36 ], [ 0, %13 ]
  %19 = tail call fastcc float @read(ptr noundef %16, i64 noundef %2, i64 noundef %4, ptr noundef %5) #7
  %20 = fcmp ule float %19, 0x3BC79CA100000000
  %21 = fcmp uge float %19, 0x46293E5940000000
  %22 = or i1 %20, %21
  %23 = tail call float @llvm.sqrt.f32(float %19)
  %24 = select i1 %22, float -1.000000e+00, float %23
  %25 = getelementptr inbounds float, ptr %7, i64 %18
  store float %24, ptr %25, align 4, !tbaa !4
  br i1 %22, label %36, label %26

26:                                               ; preds = %15
  %27 = fdiv float 1.000000e+00, %23
  br label %28

28:                                               ; preds = %26, %28
  %29 = phi i64 [ 0, %26 ], [ %34, %28 ]
  %30 = getelementptr inbounds float, ptr %5, i64 %29
  %31 = load float, ptr %30, align 4, !tbaa !4
  %32 = fmul float %27, %31
  %33 = getelementptr inbounds float, ptr %17, i64 %29
  store float %32, ptr %33, align 4, !tbaa !4
  %34 = add nuw nsw i64 %29, 1
  %35 = icmp eq i64 %34, %4
  br i1 %35, label %36, label %28, !llvm.loop !8

36:                                               ; preds = %28, %15
  %37 = add nuw nsw i64 %18, 1
  %38 = getelementptr inbounds i8, ptr %16, i64 %1
  %39 = getelementptr inbounds float, ptr %17, i64 %4
  %40 = icmp eq i64 %37, %3
  br i1 %40, label %54, label %15, !llvm.loop !11

41:                                               ; preds = %13, %41
  %42 = phi ptr [ %52, %41 ], [ %0, %13 ]
  %43 = phi i64 [ %51, %41 ], [ 0, %13 ]
  %44 = tail call fastcc float @read(ptr noundef %42, i64 noundef %2, i64 noundef %4, ptr noundef %5) #7
  %45 = fcmp ule float %44, 0x3BC79CA100000000
  %46 = fcmp uge float %44, 0x46293E5940000000
  %47 = or i1 %45, %46
  %48 = tail call float @llvm.sqrt.f32(float %44)
  %49 = select i1 %47, float -1.000000e+00, float %48
  %50 = getelementptr inbounds float, ptr %7, i64 %43
  store float %49, ptr %50, align 4, !tbaa !4
  %51 = add nuw nsw i64 %43, 1
  %52 = getelementptr inbounds i8, ptr %42, i64 %1
  %53 = icmp eq i64 %51, %3
  br i1 %53, label %54, label %41, !llvm.loop !11

54:                                               ; preds = %88, %41, %36, %8
  ret void

55:                                               ; preds = %10, %88
  %56 = phi ptr [ %90, %88 ], [ %0, %10 ]
  %57 = phi ptr [ %91, %88 ], [ %6, %10 ]
  %58 = phi i64 [ %89, %88 ], [ 0, %10 ]
  %59 = tail call fastcc float @read(ptr noundef %56, i64 noundef %2, i64 noundef %4, ptr noundef %5) #7
  %60 = fcmp ule float %59, 0x3BC79CA100000000
  %61 = fcmp uge float %59, 0x46293E5940000000
  %62 = or i1 %60, %61
  %63 = tail call float @llvm.sqrt.f32(float %59)
  %64 = select i1 %62, float -1.000000e+00, float %63
  %65 = getelementptr inbounds float, ptr %7, i64 %58
  store float %64, ptr %65, align 4, !tbaa !4
  br i1 %62, label %88, label %66

66:                                               ; preds = %55
  %67 = fdiv float 1.000000e+00, %63
  %68 = insertelement <64 x float> poison, float %67, i64 0
  %69 = shufflevector <64 x float> %68, <64 x float> poison, <64 x i32> zeroinitializer
  br label %72

70:                                               ; preds = %72
  %71 = icmp slt i64 %78, %4
  br i1 %71, label %80, label %88

72:                                               ; preds = %66, %72
  %73 = phi i64 [ 0, %66 ], [ %78, %72 ]
  %74 = getelementptr inbounds float, ptr %5, i64 %73
  %75 = load <64 x float>, ptr %74, align 4
  %76 = fmul <64 x float> %69, %75
  %77 = getelementptr inbounds float, ptr %57, i64 %73
  store <64 x float> %76, ptr %77, align 4
  %78 = add nuw nsw i64 %73, 64
  %79 = icmp sgt i64 %78, %11
  br i1 %79, label %70, label %72, !llvm.loop !12

80:                                               ; preds = %70, %80
  %81 = phi i64 [ %86, %80 ], [ %78, %70 ]
  %82 = getelementptr inbounds float, ptr %5, i64 %81
  %83 = load float, ptr %82, align 4, !tbaa !4
  %84 = fmul float %67, %83
  %85 = getelementptr inbounds float, ptr %57, i64 %81
  store float %84, ptr %85, align 4, !tbaa !4
  %86 = add nuw nsw i64 %81, 1
  %87 = icmp slt i64 %86, %4
  br i1 %87, label %80, label %88, !llvm.loop !8

88:                                               ; preds = %80, %70, %55
  %89 = add nuw nsw i64 %58, 1
  %90 = getelementptr inbounds i8, ptr %56, i64 %1
  %91 = getelementptr inbounds float, ptr %57, i64 %4
  %92 = icmp eq i64 %89, %3
  br i1 %92, label %54, label %55, !llvm.loop !11
}

; Function Attrs: mustprogress nocallback nofree nosync nounwind willreturn memory(argmem: readwrite)
declare void @llvm.lifetime.start.p0(i64 immarg, ptr nocapture) #1

; Function Attrs: nofree noinline norecurse nosync nounwind memory(read, argmem: readwrite, inaccessiblemem: none)
define internal fastcc float @read(ptr nocapture noundef readonly %0, i64 noundef %1, i64 noundef %2, ptr noalias nocapture noundef writeonly %3) unnamed_addr #2 {
  %5 = alloca [256 x i8], align 16
  call void @llvm.lifetime.start.p0(i64 256, ptr nonnull %5) #8
  %6 = icmp sgt i64 %2, 0
  br i1 %6, label %7, label %12

7:                                                ; preds = %4
  %8 = shl i64 %1, 6
  %9 = icmp slt i64 %1, 1
  %10 = icmp eq i64 %1, 2
  %11 = tail call i64 @llvm.smax.i64(i64 %8, i64 1)
  br label %33

12:                                               ; preds = %78, %4
  %13 = phi <64 x float> [ zeroinitializer, %4 ], [ %81, %78 ]
  %14 = shufflevector <64 x float> %13, <64 x float> poison, <32 x i32> <i32 0, i32 1, i32 2, i32 3, i32 4, i32 5, i32 6, i32 7, i32 8, i32 9, i32 10, i32 11, i32 12, i32 13, i32 14, i32 15, i32 16, i32 17, i32 18, i32 19, i32 20, i32 21, i32 22, i32 23, i32 24, i32 25, i32 26, i32 27, i32 28, i32 29, i32 30, i32 31>
  %15 = shufflevector <64 x float> %13, <64 x float> poison, <32 x i32> <i32 32, i32 33, i32 34, i32 35, i32 36, i32 37, i32 38, i32 39, i32 40, i32 41, i32 42, i32 43, i32 44, i32 45, i32 46, i32 47, i32 48, i32 49, i32 50, i32 51, i32 52, i32 53, i32 54, i32 55, i32 56, i32 57, i32 58, i32 59, i32 60, i32 61, i32 62, i32 63>
  %16 = fadd <32 x float> %14, %15
  %17 = shufflevector <32 x float> %16, <32 x float> poison, <16 x i32> <i32 0, i32 1, i32 2, i32 3, i32 4, i32 5, i32 6, i32 7, i32 8, i32 9, i32 10, i32 11, i32 12, i32 13, i32 14, i32 15>
  %18 = shufflevector <32 x float> %16, <32 x float> poison, <16 x i32> <i32 16, i32 17, i32 18, i32 19, i32 20, i32 21, i32 22, i32 23, i32 24, i32 25, i32 26, i32 27, i32 28, i32 29, i32 30, i32 31>
  %19 = fadd <16 x float> %17, %18
  %20 = shufflevector <16 x float> %19, <16 x float> poison, <8 x i32> <i32 0, i32 1, i32 2, i32 3, i32 4, i32 5, i32 6, i32 7>
  %21 = shufflevector <16 x float> %19, <16 x float> poison, <8 x i32> <i32 8, i32 9, i32 10, i32 11, i32 12, i32 13, i32 14, i32 15>
  %22 = fadd <8 x float> %20, %21
  %23 = shufflevector <8 x float> %22, <8 x float> poison, <4 x i32> <i32 0, i32 1, i32 2, i32 3>
  %24 = shufflevector <8 x float> %22, <8 x float> poison, <4 x i32> <i32 4, i32 5, i32 6, i32 7>
  %25 = fadd <4 x float> %23, %24
  %26 = shufflevector <4 x float> %25, <4 x float> poison, <4 x i32> <i32 2, i32 poison, i32 poison, i32 poison>
  %27 = fadd <4 x float> %25, %26
  %28 = shufflevector <4 x float> %25, <4 x float> poison, <4 x i32> <i32 poison, i32 3, i32 poison, i32 poison>
  %29 = fadd <4 x float> %25, %28
  %30 = shufflevector <4 x float> %29, <4 x float> poison, <4 x i32> <i32 1, i32 poison, i32 poison, i32 poison>
  %31 = fadd <4 x float> %27, %30
  %32 = extractelement <4 x float> %31, i64 0
  call void @llvm.lifetime.end.p0(i64 256, ptr nonnull %5) #8
  ret float %32

33:                                               ; preds = %7, %78
  %34 = phi <64 x float> [ zeroinitializer, %7 ], [ %81, %78 ]
  %35 = phi i64 [ 0, %7 ], [ %82, %78 ]
  %36 = mul nsw i64 %35, %1
  %37 = getelementptr inbounds i8, ptr %0, i64 %36
  %38 = sub nsw i64 %2, %35
  %39 = icmp sgt i64 %38, 63
  %40 = or i1 %39, %9
  %41 = select i1 %39, ptr %37, ptr %5
  br i1 %40, label %55, label %42

42:                                               ; preds = %33
  %43 = mul nsw i64 %38, %1
  br label %44

44:                                               ; preds = %42, %50
  %45 = phi i64 [ 0, %42 ], [ %53, %50 ]
  %46 = icmp slt i64 %45, %43
  br i1 %46, label %47, label %50

47:                                               ; preds = %44
  %48 = getelementptr inbounds i8, ptr %37, i64 %45
  %49 = load i8, ptr %48, align 1, !tbaa !13
  br label %50

50:                                               ; preds = %44, %47
  %51 = phi i8 [ %49, %47 ], [ 0, %44 ]
  %52 = getelementptr inbounds [256 x i8], ptr %5, i64 0, i64 %45
  store i8 %51, ptr %52, align 1, !tbaa !13
  %53 = add nuw nsw i64 %45, 1
  %54 = icmp eq i64 %53, %11
  br i1 %54, label %55, label %44, !llvm.loop !14

55:                                               ; preds = %50, %33
  %56 = phi ptr [ %41, %33 ], [ %5, %50 ]
  br i1 %10, label %57, label %76

57:                                               ; preds = %55
  %58 = load <64 x i16>, ptr %56, align 1
  %59 = zext <64 x i16> %58 to <64 x i32>
  %60 = shl nuw nsw <64 x i32> %59, <i32 13, i32 13, i32 13, i32 13, i32 13, i32 13, i32 13, i32 13, i32 13, i32 13, i32 13, i32 13, i32 13, i32 13, i32 13, i32 13, i32 13, i32 13, i32 13, i32 13, i32 13, i32 13, i32 13, i32 13, i32 13, i32 13, i32 13, i32 13, i32 13, i32 13, i32 13, i32 13, i32 13, i32 13, i32 13, i32 13, i32 13, i32 13, i32 13, i32 13, i32 13, i32 13, i32 13, i32 13, i32 13, i32 13, i32 13, i32 13, i32 13, i32 13, i32 13, i32 13, i32 13, i32 13, i32 13, i32 13, i32 13, i32 13, i32 13, i32 13, i32 13, i32 13, i32 13, i32 13>
  %61 = and <64 x i32> %60, <i32 268427264, i32 268427264, i32 268427264, i32 268427264, i32 268427264, i32 268427264, i32 268427264, i32 268427264, i32 268427264, i32 268427264, i32 268427264, i32 268427264, i32 268427264, i32 268427264, i32 268427264, i32 268427264, i32 268427264, i32 268427264, i32 268427264, i32 268427264, i32 268427264, i32 268427264, i32 268427264, i32 268427264, i32 268427264, i32 268427264, i32 268427264, i32 268427264, i32 268427264, i32 268427264, i32 268427264, i32 268427264, i32 268427264, i32 268427264, i32 268427264, i32 268427264, i32 268427264, i32 268427264, i32 268427264, i32 268427264, i32 268427264, i32 268427264, i32 268427264, i32 268427264, i32 268427264, i32 268427264, i32 268427264, i32 268427264, i32 268427264, i32 268427264, i32 268427264, i32 268427264, i32 268427264, i32 268427264, i32 268427264, i32 268427264, i32 268427264, i32 268427264, i32 268427264, i32 268427264, i32 268427264, i32 268427264, i32 268427264, i32 268427264>
  %62 = add nuw nsw <64 x i32> %61, <i32 939524096, i32 939524096, i32 939524096, i32 939524096, i32 939524096, i32 939524096, i32 939524096, i32 939524096, i32 939524096, i32 939524096, i32 939524096, i32 939524096, i32 939524096, i32 939524096, i32 939524096, i32 939524096, i32 939524096, i32 939524096, i32 939524096, i32 939524096, i32 939524096, i32 939524096, i32 939524096, i32 939524096, i32 939524096, i32 939524096, i32 939524096, i32 939524096, i32 939524096, i32 939524096, i32 939524096, i32 939524096, i32 939524096, i32 939524096, i32 939524096, i32 939524096, i32 939524096, i32 939524096, i32 939524096, i32 939524096, i32 939524096, i32 939524096, i32 939524096, i32 939524096, i32 939524096, i32 939524096, i32 939524096, i32 939524096, i32 939524096, i32 939524096, i32 939524096, i32 939524096, i32 939524096, i32 939524096, i32 939524096, i32 939524096, i32 939524096, i32 939524096, i32 939524096, i32 939524096, i32 939524096, i32 939524096, i32 939524096, i32 939524096>
  %63 = add nuw nsw <64 x i32> %61, <i32 947912704, i32 947912704, i32 947912704, i32 947912704, i32 947912704, i32 947912704, i32 947912704, i32 947912704, i32 947912704, i32 947912704, i32 947912704, i32 947912704, i32 947912704, i32 947912704, i32 947912704, i32 947912704, i32 947912704, i32 947912704, i32 947912704, i32 947912704, i32 947912704, i32 947912704, i32 947912704, i32 947912704, i32 947912704, i32 947912704, i32 947912704, i32 947912704, i32 947912704, i32 947912704, i32 947912704, i32 947912704, i32 947912704, i32 947912704, i32 947912704, i32 947912704, i32 947912704, i32 947912704, i32 947912704, i32 947912704, i32 947912704, i32 947912704, i32 947912704, i32 947912704, i32 947912704, i32 947912704, i32 947912704, i32 947912704, i32 947912704, i32 947912704, i32 947912704, i32 947912704, i32 947912704, i32 947912704, i32 947912704, i32 947912704, i32 947912704, i32 947912704, i32 947912704, i32 947912704, i32 947912704, i32 947912704, i32 947912704, i32 947912704>
  %64 = bitcast <64 x i32> %63 to <64 x float>
  %65 = fadd <64 x float> %64, <float 0xBF10000000000000, float 0xBF10000000000000, float 0xBF10000000000000, float 0xBF10000000000000, float 0xBF10000000000000, float 0xBF10000000000000, float 0xBF10000000000000, float 0xBF10000000000000, float 0xBF10000000000000, float 0xBF10000000000000, float 0xBF10000000000000, float 0xBF10000000000000, float 0xBF10000000000000, float 0xBF10000000000000, float 0xBF10000000000000, float 0xBF10000000000000, float 0xBF10000000000000, float 0xBF10000000000000, float 0xBF10000000000000, float 0xBF10000000000000, float 0xBF10000000000000, float 0xBF10000000000000, float 0xBF10000000000000, float 0xBF10000000000000, float 0xBF10000000000000, float 0xBF10000000000000, float 0xBF10000000000000, float 0xBF10000000000000, float 0xBF10000000000000, float 0xBF10000000000000, float 0xBF10000000000000, float 0xBF10000000000000, float 0xBF10000000000000, float 0xBF10000000000000, float 0xBF10000000000000, float 0xBF10000000000000, float 0xBF10000000000000, float 0xBF10000000000000, float 0xBF10000000000000, float 0xBF10000000000000, float 0xBF10000000000000, float 0xBF10000000000000, float 0xBF10000000000000, float 0xBF10000000000000, float 0xBF10000000000000, float 0xBF10000000000000, float 0xBF10000000000000, float 0xBF10000000000000, float 0xBF10000000000000, float 0xBF10000000000000, float 0xBF10000000000000, float 0xBF10000000000000, float 0xBF10000000000000, float 0xBF10000000000000, float 0xBF10000000000000, float 0xBF10000000000000, float 0xBF10000000000000, float 0xBF10000000000000, float 0xBF10000000000000, float 0xBF10000000000000, float 0xBF10000000000000, float 0xBF10000000000000, float 0xBF10000000000000, float 0xBF10000000000000>
  %66 = bitcast <64 x float> %65 to <64 x i32>
  %67 = icmp ult <64 x i32> %61, <i32 260046848, i32 260046848, i32 260046848, i32 260046848, i32 260046848, i32 260046848, i32 260046848, i32 260046848, i32 260046848, i32 260046848, i32 260046848, i32 260046848, i32 260046848, i32 260046848, i32 260046848, i32 260046848, i32 260046848, i32 260046848, i32 260046848, i32 260046848, i32 260046848, i32 260046848, i32 260046848, i32 260046848, i32 260046848, i32 260046848, i32 260046848, i32 260046848, i32 260046848, i32 260046848, i32 260046848, i32 260046848, i32 260046848, i32 260046848, i32 260046848, i32 260046848, i32 260046848, i32 260046848, i32 260046848, i32 260046848, i32 260046848, i32 260046848, i32 260046848, i32 260046848, i32 260046848, i32 260046848, i32 260046848, i32 260046848, i32 260046848, i32 260046848, i32 260046848, i32 260046848, i32 260046848, i32 260046848, i32 260046848, i32 260046848, i32 260046848, i32 260046848, i32 260046848, i32 260046848, i32 260046848, i32 260046848, i32 260046848, i32 260046848>
  %68 = or <64 x i32> %60, <i32 1879048192, i32 1879048192, i32 1879048192, i32 1879048192, i32 1879048192, i32 1879048192, i32 1879048192, i32 1879048192, i32 1879048192, i32 1879048192, i32 1879048192, i32 1879048192, i32 1879048192, i32 1879048192, i32 1879048192, i32 1879048192, i32 1879048192, i32 1879048192, i32 1879048192, i32 1879048192, i32 1879048192, i32 1879048192, i32 1879048192, i32 1879048192, i32 1879048192, i32 1879048192, i32 1879048192, i32 1879048192, i32 1879048192, i32 1879048192, i32 1879048192, i32 1879048192, i32 1879048192, i32 1879048192, i32 1879048192, i32 1879048192, i32 1879048192, i32 1879048192, i32 1879048192, i32 1879048192, i32 1879048192, i32 1879048192, i32 1879048192, i32 1879048192, i32 1879048192, i32 1879048192, i32 1879048192, i32 1879048192, i32 1879048192, i32 1879048192, i32 1879048192, i32 1879048192, i32 1879048192, i32 1879048192, i32 1879048192, i32 1879048192, i32 1879048192, i32 1879048192, i32 1879048192, i32 1879048192, i32 1879048192, i32 1879048192, i32 1879048192, i32 1879048192>
  %69 = select <64 x i1> %67, <64 x i32> %62, <64 x i32> %68
  %70 = icmp ult <64 x i32> %61, <i32 8388608, i32 8388608, i32 8388608, i32 8388608, i32 8388608, i32 8388608, i32 8388608, i32 8388608, i32 8388608, i32 8388608, i32 8388608, i32 8388608, i32 8388608, i32 8388608, i32 8388608, i32 8388608, i32 8388608, i32 8388608, i32 8388608, i32 8388608, i32 8388608, i32 8388608, i32 8388608, i32 8388608, i32 8388608, i32 8388608, i32 8388608, i32 8388608, i32 8388608, i32 8388608, i32 8388608, i32 8388608, i32 8388608, i32 8388608, i32 8388608, i32 8388608, i32 8388608, i32 8388608, i32 8388608, i32 8388608, i32 8388608, i32 8388608, i32 8388608, i32 8388608, i32 8388608, i32 8388608, i32 8388608, i32 8388608, i32 8388608, i32 8388608, i32 8388608, i32 8388608, i32 8388608, i32 8388608, i32 8388608, i32 8388608, i32 8388608, i32 8388608, i32 8388608, i32 8388608, i32 8388608, i32 8388608, i32 8388608, i32 8388608>
  %71 = select <64 x i1> %70, <64 x i32> %66, <64 x i32> %69
  %72 = sext <64 x i16> %58 to <64 x i32>
  %73 = and <64 x i32> %72, <i32 -2147483648, i32 -2147483648, i32 -2147483648, i32 -2147483648, i32 -2147483648, i32 -2147483648, i32 -2147483648, i32 -2147483648, i32 -2147483648, i32 -2147483648, i32 -2147483648, i32 -2147483648, i32 -2147483648, i32 -2147483648, i32 -2147483648, i32 -2147483648, i32 -2147483648, i32 -2147483648, i32 -2147483648, i32 -2147483648, i32 -2147483648, i32 -2147483648, i32 -2147483648, i32 -2147483648, i32 -2147483648, i32 -2147483648, i32 -2147483648, i32 -2147483648, i32 -2147483648, i32 -2147483648, i32 -2147483648, i32 -2147483648, i32 -2147483648, i32 -2147483648, i32 -2147483648, i32 -2147483648, i32 -2147483648, i32 -2147483648, i32 -2147483648, i32 -2147483648, i32 -2147483648, i32 -2147483648, i32 -2147483648, i32 -2147483648, i32 -2147483648, i32 -2147483648, i32 -2147483648, i32 -2147483648, i32 -2147483648, i32 -2147483648, i32 -2147483648, i32 -2147483648, i32 -2147483648, i32 -2147483648, i32 -2147483648, i32 -2147483648, i32 -2147483648, i32 -2147483648, i32 -2147483648, i32 -2147483648, i32 -2147483648, i32 -2147483648, i32 -2147483648, i32 -2147483648>
  %74 = or <64 x i32> %71, %73
  %75 = bitcast <64 x i32> %74 to <64 x float>
  br label %78

76:                                               ; preds = %55
  %77 = load <64 x float>, ptr %56, align 4
  br label %78

78:                                               ; preds = %76, %57
  %79 = phi <64 x float> [ %75, %57 ], [ %77, %76 ]
  %80 = getelementptr inbounds float, ptr %3, i64 %35
  store <64 x float> %79, ptr %80, align 4
  %81 = tail call <64 x float> @llvm.fmuladd.v64f32(<64 x float> %79, <64 x float> %79, <64 x float> %34)
  %82 = add nuw nsw i64 %35, 64
  %83 = icmp slt i64 %82, %2
  br i1 %83, label %33, label %12, !llvm.loop !15
}

; Function Attrs: mustprogress nocallback nofree nosync nounwind speculatable willreturn memory(none)
declare float @llvm.sqrt.f32(float) #3

; Function Attrs: mustprogress nocallback nofree nosync nounwind willreturn memory(argmem: readwrite)
declare void @llvm.lifetime.end.p0(i64 immarg, ptr nocapture) #1

; Function Attrs: nofree norecurse nosync nounwind memory(readwrite, inaccessiblemem: none)
define dso_local void @codes(ptr nocapture noundef readonly %0, i64 noundef %1, i64 noundef %2, ptr nocapture noundef readonly %3, float noundef %4, float noundef %5, float noundef %6, ptr nocapture noundef writeonly %7, ptr nocapture noundef writeonly %8) local_unnamed_addr #4 {
  %10 = icmp sgt i64 %1, 0
  br i1 %10, label %12, label %11

11:                                               ; preds = %12, %9
  ret void

12:                                               ; preds = %9, %12
  %13 = phi i64 [ %18, %12 ], [ 0, %9 ]
  %14 = phi ptr [ %19, %12 ], [ %0, %9 ]
  %15 = phi ptr [ %20, %12 ], [ %7, %9 ]
  %16 = tail call fastcc float @encode(ptr noundef %14, float noundef 1.000000e+00, i64 noundef %2, ptr noundef %3, float noundef %4, float noundef %5, float noundef %6, ptr noundef %15) #7
  %17 = getelementptr inbounds float, ptr %8, i64 %13
  store float %16, ptr %17, align 4, !tbaa !4
  %18 = add nuw nsw i64 %13, 1
  %19 = getelementptr inbounds float, ptr %14, i64 %2
  %20 = getelementptr inbounds i8, ptr %15, i64 %2
  %21 = icmp eq i64 %18, %1
  br i1 %21, label %11, label %12, !llvm.loop !16
}

; Function Attrs: nofree noinline norecurse nosync nounwind memory(argmem: readwrite)
define internal fastcc float @encode(ptr nocapture noundef readonly %0, float noundef %1, i64 noundef %2, ptr nocapture noundef readonly %3, float noundef %4, float noundef %5, float noundef %6, ptr noalias nocapture noundef writeonly %7) unnamed_addr #5 {
  %9 = insertelement <64 x float> poison, float %6, i64 0
  %10 = shufflevector <64 x float> %9, <64 x float> poison, <64 x i32> zeroinitializer
  %11 = fneg float %6
  %12 = insertelement <64 x float> poison, float %11, i64 0
  %13 = shufflevector <64 x float> %12, <64 x float> poison, <64 x i32> zeroinitializer
  %14 = icmp sgt i64 %2, 0
  br i1 %14, label %15, label %62

15:                                               ; preds = %8
  %16 = insertelement <64 x float> poison, float %1, i64 0
  %17 = shufflevector <64 x float> %16, <64 x float> poison, <64 x i32> zeroinitializer
  br label %53

18:                                               ; preds = %53
  br i1 %14, label %19, label %62

19:                                               ; preds = %18
  %20 = fdiv float 1.000000e+00, %5
  %21 = shufflevector <64 x float> %59, <64 x float> poison, <32 x i32> <i32 0, i32 1, i32 2, i32 3, i32 4, i32 5, i32 6, i32 7, i32 8, i32 9, i32 10, i32 11, i32 12, i32 13, i32 14, i32 15, i32 16, i32 17, i32 18, i32 19, i32 20, i32 21, i32 22, i32 23, i32 24, i32 25, i32 26, i32 27, i32 28, i32 29, i32 30, i32 31>
  %22 = shufflevector <64 x float> %59, <64 x float> poison, <32 x i32> <i32 32, i32 33, i32 34, i32 35, i32 36, i32 37, i32 38, i32 39, i32 40, i32 41, i32 42, i32 43, i32 44, i32 45, i32 46, i32 47, i32 48, i32 49, i32 50, i32 51, i32 52, i32 53, i32 54, i32 55, i32 56, i32 57, i32 58, i32 59, i32 60, i32 61, i32 62, i32 63>
  %23 = fadd <32 x float> %21, %22
  %24 = shufflevector <32 x float> %23, <32 x float> poison, <16 x i32> <i32 0, i32 1, i32 2, i32 3, i32 4, i32 5, i32 6, i32 7, i32 8, i32 9, i32 10, i32 11, i32 12, i32 13, i32 14, i32 15>
  %25 = shufflevector <32 x float> %23, <32 x float> poison, <16 x i32> <i32 16, i32 17, i32 18, i32 19, i32 20, i32 21, i32 22, i32 23, i32 24, i32 25, i32 26, i32 27, i32 28, i32 29, i32 30, i32 31>
  %26 = fadd <16 x float> %24, %25
  %27 = shufflevector <16 x float> %26, <16 x float> poison, <8 x i32> <i32 0, i32 1, i32 2, i32 3, i32 4, i32 5, i32 6, i32 7>
  %28 = shufflevector <16 x float> %26, <16 x float> poison, <8 x i32> <i32 8, i32 9, i32 10, i32 11, i32 12, i32 13, i32 14, i32 15>
  %29 = fadd <8 x float> %27, %28
  %30 = shufflevector <8 x float> %29, <8 x float> poison, <4 x i32> <i32 0, i32 1, i32 2, i32 3>
  %31 = shufflevector <8 x float> %29, <8 x float> poison, <4 x i32> <i32 4, i32 5, i32 6, i32 7>
  %32 = fadd <4 x float> %30, %31
  %33 = shufflevector <4 x float> %32, <4 x float> poison, <4 x i32> <i32 2, i32 poison, i32 poison, i32 poison>
  %34 = fadd <4 x float> %32, %33
  %35 = shufflevector <4 x float> %32, <4 x float> poison, <4 x i32> <i32 poison, i32 3, i32 poison, i32 poison>
  %36 = fadd <4 x float> %32, %35
  %37 = shufflevector <4 x float> %36, <4 x float> poison, <4 x i32> <i32 1, i32 poison, i32 poison, i32 poison>
  %38 = fadd <4 x float> %34, %37
  %39 = extractelement <4 x float> %38, i64 0
  %40 = fsub float 1.000000e+00, %39
  %41 = fcmp ogt float %40, 0.000000e+00
  %42 = select i1 %41, float %40, float 0.000000e+00
  %43 = fadd float %42, %4
  %44 = tail call float @llvm.sqrt.f32(float %43)
  %45 = insertelement <64 x float> poison, float %1, i64 0
  %46 = shufflevector <64 x float> %45, <64 x float> poison, <64 x i32> zeroinitializer
  %47 = insertelement <64 x float> poison, float %44, i64 0
  %48 = shufflevector <64 x float> %47, <64 x float> poison, <64 x i32> zeroinitializer
  %49 = insertelement <64 x float> poison, float %20, i64 0
  %50 = shufflevector <64 x float> %49, <64 x float> poison, <64 x i32> zeroinitializer
  %51 = insertelement <64 x float> poison, float %5, i64 0
  %52 = shufflevector <64 x float> %51, <64 x float> poison, <64 x i32> zeroinitializer
  br label %84

53:                                               ; preds = %15, %53
  %54 = phi <64 x float> [ zeroinitializer, %15 ], [ %59, %53 ]
  %55 = phi i64 [ 0, %15 ], [ %60, %53 ]
  %56 = getelementptr inbounds float, ptr %0, i64 %55
  %57 = load <64 x float>, ptr %56, align 4
  %58 = fmul <64 x float> %17, %57
  %59 = tail call <64 x float> @llvm.fmuladd.v64f32(<64 x float> %58, <64 x float> %58, <64 x float> %54)
  %60 = add nuw nsw i64 %55, 64
  %61 = icmp slt i64 %60, %2
  br i1 %61, label %53, label %18, !llvm.loop !17

62:                                               ; preds = %84, %8, %18
  %63 = phi <64 x float> [ zeroinitializer, %18 ], [ zeroinitializer, %8 ], [ %104, %84 ]
  %64 = shufflevector <64 x float> %63, <64 x float> poison, <32 x i32> <i32 0, i32 1, i32 2, i32 3, i32 4, i32 5, i32 6, i32 7, i32 8, i32 9, i32 10, i32 11, i32 12, i32 13, i32 14, i32 15, i32 16, i32 17, i32 18, i32 19, i32 20, i32 21, i32 22, i32 23, i32 24, i32 25, i32 26, i32 27, i32 28, i32 29, i32 30, i32 31>
  %65 = shufflevector <64 x float> %63, <64 x float> poison, <32 x i32> <i32 32, i32 33, i32 34, i32 35, i32 36, i32 37, i32 38, i32 39, i32 40, i32 41, i32 42, i32 43, i32 44, i32 45, i32 46, i32 47, i32 48, i32 49, i32 50, i32 51, i32 52, i32 53, i32 54, i32 55, i32 56, i32 57, i32 58, i32 59, i32 60, i32 61, i32 62, i32 63>
  %66 = fadd <32 x float> %64, %65
  %67 = shufflevector <32 x float> %66, <32 x float> poison, <16 x i32> <i32 0, i32 1, i32 2, i32 3, i32 4, i32 5, i32 6, i32 7, i32 8, i32 9, i32 10, i32 11, i32 12, i32 13, i32 14, i32 15>
  %68 = shufflevector <32 x float> %66, <32 x float> poison, <16 x i32> <i32 16, i32 17, i32 18, i32 19, i32 20, i32 21, i32 22, i32 23, i32 24, i32 25, i32 26, i32 27, i32 28, i32 29, i32 30, i32 31>
  %69 = fadd <16 x float> %67, %68
  %70 = shufflevector <16 x float> %69, <16 x float> poison, <8 x i32> <i32 0, i32 1, i32 2, i32 3, i32 4, i32 5, i32 6, i32 7>
  %71 = shufflevector <16 x float> %69, <16 x float> poison, <8 x i32> <i32 8, i32 9, i32 10, i32 11, i32 12, i32 13, i32 14, i32 15>
  %72 = fadd <8 x float> %70, %71
  %73 = shufflevector <8 x float> %72, <8 x float> poison, <4 x i32> <i32 0, i32 1, i32 2, i32 3>
  %74 = shufflevector <8 x float> %72, <8 x float> poison, <4 x i32> <i32 4, i32 5, i32 6, i32 7>
  %75 = fadd <4 x float> %73, %74
  %76 = shufflevector <4 x float> %75, <4 x float> poison, <4 x i32> <i32 2, i32 poison, i32 poison, i32 poison>
  %77 = fadd <4 x float> %75, %76
  %78 = shufflevector <4 x float> %75, <4 x float> poison, <4 x i32> <i32 poison, i32 3, i32 poison, i32 poison>
  %79 = fadd <4 x float> %75, %78
  %80 = shufflevector <4 x float> %79, <4 x float> poison, <4 x i32> <i32 1, i32 poison, i32 poison, i32 poison>
  %81 = fadd <4 x float> %77, %80
  %82 = extractelement <4 x float> %81, i64 0
  %83 = tail call float @llvm.sqrt.f32(float %82)
  ret float %83

84:                                               ; preds = %19, %84
  %85 = phi <64 x float> [ zeroinitializer, %19 ], [ %104, %84 ]
  %86 = phi i64 [ 0, %19 ], [ %105, %84 ]
  %87 = getelementptr inbounds float, ptr %0, i64 %86
  %88 = load <64 x float>, ptr %87, align 4
  %89 = getelementptr inbounds float, ptr %3, i64 %86
  %90 = load <64 x float>, ptr %89, align 4
  %91 = fmul <64 x float> %48, %90
  %92 = tail call <64 x float> @llvm.fmuladd.v64f32(<64 x float> %88, <64 x float> %46, <64 x float> %91)
  %93 = fmul <64 x float> %50, %92
  %94 = fcmp ogt <64 x float> %93, %10
  %95 = select <64 x i1> %94, <64 x float> %10, <64 x float> %93
  %96 = fcmp olt <64 x float> %95, %13
  %97 = select <64 x i1> %96, <64 x float> %13, <64 x float> %95
  %98 = fadd <64 x float> %97, <float 0x4168000000000000, float 0x4168000000000000, float 0x4168000000000000, float 0x4168000000000000, float 0x4168000000000000, float 0x4168000000000000, float 0x4168000000000000, float 0x4168000000000000, float 0x4168000000000000, float 0x4168000000000000, float 0x4168000000000000, float 0x4168000000000000, float 0x4168000000000000, float 0x4168000000000000, float 0x4168000000000000, float 0x4168000000000000, float 0x4168000000000000, float 0x4168000000000000, float 0x4168000000000000, float 0x4168000000000000, float 0x4168000000000000, float 0x4168000000000000, float 0x4168000000000000, float 0x4168000000000000, float 0x4168000000000000, float 0x4168000000000000, float 0x4168000000000000, float 0x4168000000000000, float 0x4168000000000000, float 0x4168000000000000, float 0x4168000000000000, float 0x4168000000000000, float 0x4168000000000000, float 0x4168000000000000, float 0x4168000000000000, float 0x4168000000000000, float 0x4168000000000000, float 0x4168000000000000, float 0x4168000000000000, float 0x4168000000000000, float 0x4168000000000000, float 0x4168000000000000, float 0x4168000000000000, float 0x4168000000000000, float 0x4168000000000000, float 0x4168000000000000, float 0x4168000000000000, float 0x4168000000000000, float 0x4168000000000000, float 0x4168000000000000, float 0x4168000000000000, float 0x4168000000000000, float 0x4168000000000000, float 0x4168000000000000, float 0x4168000000000000, float 0x4168000000000000, float 0x4168000000000000, float 0x4168000000000000, float 0x4168000000000000, float 0x4168000000000000, float 0x4168000000000000, float 0x4168000000000000, float 0x4168000000000000, float 0x4168000000000000>
  %99 = fadd <64 x float> %98, <float 0xC168000000000000, float 0xC168000000000000, float 0xC168000000000000, float 0xC168000000000000, float 0xC168000000000000, float 0xC168000000000000, float 0xC168000000000000, float 0xC168000000000000, float 0xC168000000000000, float 0xC168000000000000, float 0xC168000000000000, float 0xC168000000000000, float 0xC168000000000000, float 0xC168000000000000, float 0xC168000000000000, float 0xC168000000000000, float 0xC168000000000000, float 0xC168000000000000, float 0xC168000000000000, float 0xC168000000000000, float 0xC168000000000000, float 0xC168000000000000, float 0xC168000000000000, float 0xC168000000000000, float 0xC168000000000000, float 0xC168000000000000, float 0xC168000000000000, float 0xC168000000000000, float 0xC168000000000000, float 0xC168000000000000, float 0xC168000000000000, float 0xC168000000000000, float 0xC168000000000000, float 0xC168000000000000, float 0xC168000000000000, float 0xC168000000000000, float 0xC168000000000000, float 0xC168000000000000, float 0xC168000000000000, float 0xC168000000000000, float 0xC168000000000000, float 0xC168000000000000, float 0xC168000000000000, float 0xC168000000000000, float 0xC168000000000000, float 0xC168000000000000, float 0xC168000000000000, float 0xC168000000000000, float 0xC168000000000000, float 0xC168000000000000, float 0xC168000000000000, float 0xC168000000000000, float 0xC168000000000000, float 0xC168000000000000, float 0xC168000000000000, float 0xC168000000000000, float 0xC168000000000000, float 0xC168000000000000, float 0xC168000000000000, float 0xC168000000000000, float 0xC168000000000000, float 0xC168000000000000, float 0xC168000000000000, float 0xC168000000000000>
  %100 = fptosi <64 x float> %99 to <64 x i8>
  %101 = getelementptr inbounds i8, ptr %7, i64 %86
  store <64 x i8> %100, ptr %101, align 1
  %102 = fneg <64 x float> %99
  %103 = tail call <64 x float> @llvm.fmuladd.v64f32(<64 x float> %102, <64 x float> %52, <64 x float> %92)
  %104 = tail call <64 x float> @llvm.fmuladd.v64f32(<64 x float> %103, <64 x float> %103, <64 x float> %85)
  %105 = add nuw nsw i64 %86, 64
  %106 = icmp slt i64 %105, %2
  br i1 %106, label %84, label %62, !llvm.loop !18
}

; Function Attrs: nofree norecurse nosync nounwind memory(readwrite, inaccessiblemem: none)
define dso_local void @kept_codes(ptr nocapture noundef readonly %0, i64 noundef %1, i64 noundef %2, i64 noundef %3, i64 noundef %4, ptr nocapture noundef readonly %5, i64 noundef %6, i64 noundef %7, ptr nocapture noundef readonly %8, float noundef %9, float noundef %10, float noundef %11, ptr nocapture noundef %12, ptr nocapture noundef writeonly %13, ptr nocapture noundef writeonly %14) local_unnamed_addr #4 {
  %16 = add nsw i64 %4, 63
  %17 = sdiv i64 %16, 64
  %18 = shl nsw i64 %17, 8
  %19 = getelementptr inbounds i8, ptr %12, i64 %18
  %20 = icmp slt i64 %6, %7
  br i1 %20, label %53, label %21

21:                                               ; preds = %53, %15
  %22 = icmp sgt i64 %3, 0
  br i1 %22, label %23, label %58

23:                                               ; preds = %21
  %24 = icmp sgt i64 %6, 0
  br i1 %24, label %25, label %59

25:                                               ; preds = %23, %44
  %26 = phi ptr [ %46, %44 ], [ %0, %23 ]
  %27 = phi i64 [ %45, %44 ], [ 0, %23 ]
  %28 = phi ptr [ %47, %44 ], [ %13, %23 ]
  %29 = tail call fastcc float @read(ptr noundef %26, i64 noundef %2, i64 noundef %4, ptr noundef %12) #7
  %30 = getelementptr inbounds float, ptr %14, i64 %27
  store float -1.000000e+00, ptr %30, align 4, !tbaa !4
  %31 = fcmp ule float %29, 0x3BC79CA100000000
  %32 = fcmp uge float %29, 0x46293E5940000000
  %33 = or i1 %31, %32
  br i1 %33, label %44, label %34

34:                                               ; preds = %25, %34
  %35 = phi i64 [ %42, %34 ], [ 0, %25 ]
  %36 = getelementptr inbounds i32, ptr %5, i64 %35
  %37 = load i32, ptr %36, align 4, !tbaa !19
  %38 = sext i32 %37 to i64
  %39 = getelementptr inbounds float, ptr %12, i64 %38
  %40 = load float, ptr %39, align 4, !tbaa !4
  %41 = getelementptr inbounds float, ptr %19, i64 %35
  store float %40, ptr %41, align 4, !tbaa !4
  %42 = add nuw nsw i64 %35, 1
  %43 = icmp eq i64 %42, %6
  br i1 %43, label %49, label %34, !llvm.loop !21

44:                                               ; preds = %49, %25
  %45 = add nuw nsw i64 %27, 1
  %46 = getelementptr inbounds i8, ptr %26, i64 %1
  %47 = getelementptr inbounds i8, ptr %28, i64 %7
  %48 = icmp eq i64 %45, %3
  br i1 %48, label %58, label %25, !llvm.loop !22

49:                                               ; preds = %34
  %50 = tail call float @llvm.sqrt.f32(float %29)
  %51 = fdiv float 1.000000e+00, %50
  %52 = tail call fastcc float @encode(ptr noundef nonnull %19, float noundef %51, i64 noundef %7, ptr noundef %8, float noundef %9, float noundef %10, float noundef %11, ptr noundef %28) #7
  store float %52, ptr %30, align 4, !tbaa !4
  br label %44

53:                                               ; preds = %15, %53
  %54 = phi i64 [ %56, %53 ], [ %6, %15 ]
  %55 = getelementptr inbounds float, ptr %19, i64 %54
  store float 0.000000e+00, ptr %55, align 4, !tbaa !4
  %56 = add nsw i64 %54, 1
  %57 = icmp eq i64 %56, %7
  br i1 %57, label %21, label %53, !llvm.loop !23

58:                                               ; preds = %72, %44, %21
  ret void

59:                                               ; preds = %23, %72
  %60 = phi ptr [ %74, %72 ], [ %0, %23 ]
  %61 = phi i64 [ %73, %72 ], [ 0, %23 ]
  %62 = phi ptr [ %75, %72 ], [ %13, %23 ]
  %63 = tail call fastcc float @read(ptr noundef %60, i64 noundef %2, i64 noundef %4, ptr noundef %12) #7
  %64 = getelementptr inbounds float, ptr %14, i64 %61
  store float -1.000000e+00, ptr %64, align 4, !tbaa !4
  %65 = fcmp ule float %63, 0x3BC79CA100000000
  %66 = fcmp uge float %63, 0x46293E5940000000
  %67 = or i1 %65, %66
  br i1 %67, label %72, label %68

68:                                               ; preds = %59
  %69 = tail call float @llvm.sqrt.f32(float %63)
  %70 = fdiv float 1.000000e+00, %69
  %71 = tail call fastcc float @encode(ptr noundef %19, float noundef %70, i64 noundef %7, ptr noundef %8, float noundef %9, float noundef %10, float noundef %11, ptr noundef %62) #7
  store float %71, ptr %64, align 4, !tbaa !4
  br label %72

72:                                               ; preds = %59, %68
  %73 = add nuw nsw i64 %61, 1
  %74 = getelementptr inbounds i8, ptr %60, i64 %1
  %75 = getelementptr inbounds i8, ptr %62, i64 %7
  %76 = icmp eq i64 %73, %3
  br i1 %76, label %58, label %59, !llvm.loop !22
}

; Function Attrs: mustprogress nocallback nofree nosync nounwind speculatable willreturn memory(none)
declare <64 x float> @llvm.fmuladd.v64f32(<64 x float>, <64 x float>, <64 x float>) #3

; Function Attrs: nocallback nofree nosync nounwind speculatable willreturn memory(none)
declare i64 @llvm.smax.i64(i64, i64) #6

attributes #0 = { nofree norecurse nosync nounwind memory(readwrite, inaccessiblemem: none)        }
attributes #1 = { mustprogress nocallback nofree nosync nounwind willreturn memory(argmem: readwrite) }
attributes #2 = { nofree noinline norecurse nosync nounwind memory(read, argmem: readwrite, inaccessiblemem: none)        }
attributes #3 = { mustprogress nocallback nofree nosync nounwind speculatable willreturn memory(none) }
attributes #4 = { nofree norecurse nosync nounwind memory(readwrite, inaccessiblemem: none)        }
attributes #5 = { nofree noinline norecurse nosync nounwind memory(argmem: readwrite)        }
attributes #6 = { nocallback nofree nosync nounwind speculatable willreturn memory(none) }
attributes #7 = { nobuiltin  }
attributes #8 = { nounwind }

!llvm.module.flags = !{!0, !1, !2}
!llvm.ident = !{!3}

!0 = !{i32 1, !"wchar_size", i32 4}
!1 = !{i32 8, !"PIC Level", i32 2}
!2 = !{i32 7, !"PIE Level", i32 2}
!3 = !{!"Debian clang version 19.1.7 (3~deb12u1)"}
!4 = !{!5, !5, i64 0}
!5 = !{!"float", !6, i64 0}
!6 = !{!"omnipotent char", !7, i64 0}
!7 = !{!"Simple C/C++ TBAA"}
!8 = distinct !{!8, !9, !10}
!9 = !{!"llvm.loop.mustprogress"}
!10 = !{!"llvm.loop.unroll.disable"}
!11 = distinct !{!11, !9, !10}
!12 = distinct !{!12, !9, !10}
!13 = !{!6, !6, i64 0}
!14 = distinct !{!14, !9, !10}
!15 = distinct !{!15, !9, !10}
!16 = distinct !{!16, !9, !10}
!17 = distinct !{!17, !9, !10}
!18 = distinct !{!18, !9, !10}
!19 = !{!20, !20, i64 0}
!20 = !{!"int", !6, i64 0}
!21 = distinct !{!21, !9, !10}
!22 = distinct !{!22, !9, !10}
!23 = distinct !{!23, !9, !10}
